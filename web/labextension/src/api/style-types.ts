/** The style review on the wire: mirrors services/contracts/lint.py, style.py and lab.py. */
import type { Cell, Place, SubtaskProgress } from './types';

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

// style.py
export interface Dismiss {
  subtask: string;
  finding: string;
  reason: string;
}

export interface Remark {
  finding: string;
  tool: LintFinding['tool'];
  rule: string;
  name: string;
  severity: LintFinding['severity'];
  message: string;
  place: Place;
}

export interface Dismissal extends Remark {
  subtask: string;
  reason: string;
  dismissed: string;
}

export interface StyleStanding {
  progress: SubtaskProgress;
  dismissed: Dismissal[];
}

export interface StyleKept extends StyleStanding {
  fixed: LintFinding[];
  approved_code: boolean;
}

// lab.py
export interface LabReview {
  subtask: string;
  cells: Cell[];
  executions: { [cell: string]: number };
}

/** Answer of POST /api/review. */
export interface LabReviewed extends StyleKept {
  report: LintReport;
  may_remain: 'none' | 'advice' | 'warning';
}
