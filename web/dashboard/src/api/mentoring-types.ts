/** Escalations and remembered answers: mirrors services/contracts/escalation.py, snake_case as there. */

import type { Cell, Feedback, Json, Place } from './types';

export type EscalationState = 'waiting' | 'leased' | 'answered' | 'rated' | 'cancelled';
export type Reason = 'unhelpful_hint' | 'repeated_failure' | 'low_confidence' | 'unhelpful_answer';

export interface LineComment {
  place: Place;
  text: string;
}

export interface Note {
  id: string;
  author: 'learner' | 'mentor';
  name: string;
  text: string;
  written: string;
  comments: LineComment[];
  is_answer: boolean;
}

export interface WriteNote {
  text: string;
  comments: LineComment[];
}

export interface AnswerEscalation extends WriteNote {
  remember: boolean;
  only_version: boolean;
  also: string[];
}

export interface QueueItem {
  id: string;
  case: string;
  case_title: string;
  subtask: string;
  subtask_title: string;
  learner: string;
  state: EscalationState;
  reason: Reason;
  opened: string;
  waited_seconds: number;
  mentor: string | null;
  leased_until: string | null;
  signature: string;
  same: number;
  headline: string;
  reopened: number;
  /** The remembered answer that came back: nobody asked, and `learner` is whose code it was written for. */
  about_memory: string | null;
}

export interface QueuePage {
  items: QueueItem[];
  total: number;
  next: string | null;
}

export interface MemoryEntry {
  id: string;
  case: string;
  case_version: string | null;
  subtask: string;
  signature: string;
  text: string;
  mentor: string;
  written: string;
  edited: string | null;
  withdrawn: string | null;
  set_aside: string | null;
  shown: number;
  helpful: number;
  unhelpful: number;
  /** What the first learner had been told of it; empty where it is not kept any more. */
  mistake: string;
  /** The question that it answered first, with the code it was written for. */
  origin: string | null;
}

export interface MemoryPage {
  items: MemoryEntry[];
  total: number;
  next: string | null;
}

// output.py
export type LeftOut =
  | 'html'
  | 'svg'
  | 'script'
  | 'latex'
  | 'markdown'
  | 'widget'
  | 'no_picture'
  | 'too_large'
  | 'other';

/** One output: text, or a picture; of anything else only what it is. */
export interface Output {
  kind: 'stdout' | 'stderr' | 'result' | 'error' | 'picture';
  text: string;
  cut: boolean;
  mime: 'image/png' | 'image/jpeg' | null;
  data: string;
  left_out: LeftOut[];
}

export interface CellOutputs {
  cell: string;
  stale: boolean;
  outputs: Output[];
  more: number;
}

export interface EscalationFull {
  item: QueueItem;
  case_version: string;
  submission: string;
  number: number;
  cells: Cell[];
  outputs: CellOutputs[];
  feedback: Feedback;
  help: { [key: string]: Json };
  notes: Note[];
  same: QueueItem[];
  remembered: MemoryEntry[];
  /** Where nothing is remembered: answers to mistakes of the same kind, which no learner is given. */
  similar: MemoryEntry[];
}

export interface EditMemory {
  text: string;
  only_version: boolean;
}

export interface Phrase {
  id: string;
  text: string;
  used: number;
}

export interface Figures {
  judged: number | null;
  escalated: number;
  remembered: number;
  answered: number;
  first_answer_seconds_median: number | null;
  hints_helpful_share: number | null;
  helpful_share: number | null;
  remembered_helpful_share: number | null;
  minutes_saved: number;
}

export interface WeekFigures extends Figures {
  begins: string;
}

export interface Measures extends Figures {
  case: string | null;
  since: string;
  until: string;
  weeks: WeekFigures[];
}
