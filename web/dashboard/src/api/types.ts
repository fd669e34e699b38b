/** What services say on the wire: mirrors services/contracts, snake_case as there. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

// notebook.py
export interface Cell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  metadata: { [key: string]: Json };
}

export interface Place {
  cell: string;
  line: number | null;
  end_line: number | null;
}

// finding.py
export type EvidenceKind =
  | 'exception'
  | 'check'
  | 'value'
  | 'call'
  | 'missing'
  | 'incomplete'
  | 'structure'
  | 'input'
  | 'behaviour'
  | 'notebook'
  | 'case';

export interface Evidence {
  kind: EvidenceKind;
  subject: string;
  fact: string;
  aspect: string | null;
  place: Place | null;
}

export interface Hint {
  step: 'plan' | 'consequence' | 'location' | 'example';
  text: string;
}

export interface Finding {
  id: string;
  kind: EvidenceKind;
  severity: 'error' | 'warning' | 'info';
  subtask: string;
  message: string;
  place: Place | null;
  evidence: Evidence[];
  ladder: Hint[];
  signature: string;
  confidence: number;
  mentor: string | null;
  remembered: string | null;
  mentor_name: string | null;
  mentor_wrote: string | null;
}

// feedback.py
export type Verdict = 'approved' | 'needs_work' | 'could_not_judge';

export interface LocalizedWarning {
  place: Place;
  message: string;
  finding: string;
}

export interface CheckResult {
  label: string;
  passed: boolean;
  hidden: boolean;
  points: number;
  earned: number;
}

export interface Feedback {
  verdict: Verdict;
  fault: 'none' | 'learner' | 'case' | 'platform';
  headline: string;
  warnings: LocalizedWarning[];
  remarks: string[];
  findings: Finding[];
  checks: CheckResult[];
  points: number;
  max_points: number;
  repairs: string[];
  words_by: 'rules' | 'model' | 'mentor';
  wall_ms: number;
}

export interface Stage {
  kind: 'stage';
  name: 'waiting' | 'recorded' | 'restoring' | 'running' | 'comparing' | 'wording' | 'saving';
  detail: string;
  index: number | null;
  count: number | null;
}

// progress.py
export interface VersionSummary {
  submission: string;
  subtask: string;
  number: number;
  recorded: string;
  verdict: Verdict | null;
  headline: string;
  points: number;
}

export interface Version extends VersionSummary {
  cells: Cell[];
  feedback: Feedback | null;
}

// lint.py
export interface TextEdit {
  cell: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  text: string;
}

export interface Fix {
  title: string;
  edits: TextEdit[];
}

export interface LintFinding {
  id: string;
  tool: 'ruff' | 'mypy' | 'bandit' | 'vulture' | 'caseloop';
  rule: string;
  name: string;
  severity: 'error' | 'warning' | 'advice';
  category: 'correctness' | 'security' | 'types' | 'dead_code' | 'readability' | 'data_science';
  place: Place;
  column: number | null;
  end_column: number | null;
  message: string;
  why: string;
  url: string | null;
  also: string[];
  fix: Fix | null;
}

export interface ToolRun {
  tool: string;
  status: 'ok' | 'failed' | 'timed_out';
  wall_ms: number;
  detail: string;
}

export interface LintReport {
  findings: LintFinding[];
  tools: ToolRun[];
  dropped: number;
  first: number;
}

// errors.py
export interface ErrorBody {
  error: string;
  detail: string;
  request_id: string;
}
