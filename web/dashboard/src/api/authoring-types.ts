/** Uploads and versions of cases: mirrors upload.py, case_version.py and what uploads tell. */

import type { Json, Verdict } from './types';

// upload.py
export type UploadState =
  | 'receiving'
  | 'waiting'
  | 'working'
  | 'published'
  | 'checked'
  | 'rejected'
  | 'failed'
  | 'cancelled';

export interface OpenUpload {
  name: string;
  size: number;
  publish: boolean;
}

export interface UploadView {
  id: string;
  name: string;
  by: string;
  size: number;
  received: number;
  part_bytes: number;
  publish: boolean;
  state: UploadState;
  begun: string;
  ended: string | null;
  case: string | null;
  version: string | null;
  detail: string;
}

export interface UploadStep {
  sequence: number;
  at: string;
  step: { [key: string]: Json };
}

// case_version.py
export type VersionState = 'current' | 'older' | 'withdrawn' | 'checked';
export type Change = 'added' | 'removed' | 'changed';

export interface CaseVersion {
  case: string;
  version: string;
  number: number | null;
  state: VersionState;
  title: string;
  at: string;
  by: string | null;
  subtasks: number;
  requirements: string[];
  /** Digest of the image of learners' containers; null: the common one. */
  image: string | null;
  withdrawn_by: string | null;
  reason: string;
  learners: number | null;
}

export interface CellChange {
  cell: string;
  subtask: string | null;
  what: Change;
  diff: string;
}

export interface CheckChange {
  subtask: string;
  check: string;
  what: Change;
  diff: string;
}

export interface VersionChanges {
  before: string;
  after: string;
  cells: CellChange[];
  checks: CheckChange[];
  subtasks: string[];
  data: string[];
  requirements: string[];
  settings: string[];
  affected: number | null;
}

// regrade.py
export type RegradeState = 'running' | 'ready' | 'applied' | 'failed';
export type Effect = 'gain' | 'loss' | 'same' | 'unclear';

export interface RegradeItem {
  user: string;
  subtask: string;
  before: Verdict;
  before_points: number;
  after: Verdict;
  after_points: number;
  effect: Effect;
  headline: string;
}

export interface RegradeView {
  id: string;
  case: string;
  version: string;
  by: string;
  state: RegradeState;
  begun: string;
  ended: string | null;
  done: number;
  gains: number;
  losses: number;
  unclear: number;
  applied: number | null;
  detail: string;
  changes: RegradeItem[];
}

/** What is wrong with a case, or a note about it; part of an upload's last step. */
export interface CaseProblem {
  file: string;
  cell: string | null;
  rule: string;
  message: string;
  level: 'error' | 'note';
}
