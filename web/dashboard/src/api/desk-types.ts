/** What only the desk's own door says: who is signed in, the brief of an escalation, a class at a glance. */

import type { Cell, Feedback, Finding } from './types';

export interface Me {
  user: string;
  roles: string[];
  xsrf: string;
}

export interface CaseName {
  id: string;
  title: string;
}

/** What the checker can add to an escalation for a mentor's eyes. */
export interface Brief {
  /** Answer cell -> unified text of its difference from the reference; empty text: the same. */
  diffs: { [cell: string]: string };
  findings: Finding[];
  /** A model's suggestion, never sent by itself; null where no model is configured. */
  draft: string | null;
}

/** One learner in one case. */
export interface ClassRow {
  user: string;
  case: string;
  subtask: string | null;
  attempts: number;
  approved: number;
  subtasks: number;
  last_seen: string | null;
  stuck: boolean;
  silent: boolean;
  /** The written rules that put the learner on the watch list, in words. */
  reasons: string[];
}

export interface ClassView {
  case: string;
  rows: ClassRow[];
}

export interface Run {
  cells: Cell[];
}

export interface Ran {
  feedback: Feedback;
}
