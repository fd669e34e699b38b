/** What the gateway and this extension say to each other: mirrors services/contracts, snake_case as on the wire. */

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

// case.py
export interface SubtaskView {
  id: string;
  title: string;
  index: number;
  points: number;
  cells: string[];
  answer_cells: string[];
}

// progress.py
export type SubtaskState = 'not_started' | 'in_progress' | 'approved' | 'polished';

export interface SubtaskProgress {
  subtask: string;
  state: SubtaskState;
  attempts: number;
  points: number;
  checks_left: number | null;
  updated: string | null;
}

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

export interface SavedSummary {
  saved: string;
  digest: string;
  size: number;
}

export interface SavedNotebook {
  saved: string;
  digest: string;
  notebook: { [key: string]: Json };
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

export type HintStep = 'plan' | 'consequence' | 'location' | 'example';

export interface Hint {
  step: HintStep;
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
export type Fault = 'none' | 'learner' | 'case' | 'platform';

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
  fault: Fault;
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

// lab.py
export interface LabSubtask {
  view: SubtaskView;
  progress: SubtaskProgress;
}

export interface LabCase {
  id: string;
  version: string;
  number: number;
  title: string;
  summary: string;
  minutes: number;
  ai_mode: 'none' | 'lead_and_reveal' | 'full';
  user: string;
  subtasks: LabSubtask[];
  newer_version: number | null;
  live_errors: boolean;
}

export interface LabCheck {
  subtask: string;
  cells: Cell[];
}

export interface LabFeedback {
  submission: string;
  number: number;
  repeated: boolean;
  feedback: Feedback;
  progress: SubtaskProgress;
}

// errors.py
export interface ErrorBody {
  error: string;
  detail: string;
  request_id: string;
}
