/** What the desk shows besides escalations: mirrors brief.py, style.py and classroom.py, and says what only its own door says. */

import type { SessionSummary } from './session-types';
import type { Cell, Feedback, LintFinding, Place, Version, VersionSummary } from './types';

export interface Me {
  user: string;
  roles: string[];
  xsrf: string;
}

// case.py
export interface CaseSummary {
  id: string;
  version: string;
  number: number;
  title: string;
  summary: string;
  level: 'introductory' | 'intermediate' | 'advanced';
  minutes: number;
  subtasks: number;
  published: string;
}

export interface Run {
  cells: Cell[];
}

// style.py
export interface Dismissal {
  finding: string;
  tool: LintFinding['tool'];
  rule: string;
  name: string;
  severity: 'error' | 'warning' | 'advice';
  message: string;
  place: Place;
  subtask: string;
  reason: string;
  dismissed: string;
}

// brief.py
export interface CellDifference {
  cell: string;
  against: 'reference' | 'variant';
  text: string;
}

export interface Brief {
  subtask: string;
  differences: CellDifference[];
  feedback: Feedback;
  draft: string | null;
  draft_by: string | null;
}

// classroom.py
export type WatchRule = 'many_attempts' | 'long_in_one_step' | 'silent';

export interface Watch {
  rule: WatchRule;
  subtask: string | null;
  since: string;
}

export interface ClassSubtask {
  subtask: string;
  state: 'not_started' | 'in_progress' | 'approved' | 'polished';
  attempts: number;
  points: number;
  updated: string;
}

export interface ClassRow {
  user: string;
  current: string | null;
  subtasks: ClassSubtask[];
  approved: number;
  attempts: number;
  last_seen: string;
  watch: Watch[];
}

export interface ClassView {
  case: string;
  at: string;
  rows: ClassRow[];
  total: number;
  learners: number;
  stuck: number;
  silent: number;
  finished: number;
  titles: Record<string, string>;
  next: string | null;
}

export interface LearnersWork {
  user: string;
  case: string;
  subtask: string | null;
  subtasks: ClassSubtask[];
  latest: Version | null;
  versions: VersionSummary[];
  sessions: SessionSummary[];
  case_title: string;
  titles: Record<string, string>;
}
