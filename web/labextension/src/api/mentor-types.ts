/** Questions to mentors and their answers on the wire: mirrors services/contracts as types.ts does. */
import type { Json, Place } from './types';

// escalation.py
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

export interface Offer {
  subtask: string;
  reasons: Reason[];
  open: string | null;
}

// output.py
export interface NotebookOutputs {
  cell: string;
  source: string;
  stale: boolean;
  outputs: { [key: string]: Json }[];
}

export interface Escalate {
  subtask: string;
  submission: string;
  notes: string;
  email: string;
  outputs: NotebookOutputs[];
  /** The same when the same request is sent again: what arrives twice is taken in once. */
  request: string | null;
}

export interface WriteNote {
  text: string;
  comments: LineComment[];
}

export interface RateAnswer {
  helpful: boolean;
  text: string;
}

export interface EscalationView {
  id: string;
  subtask: string;
  submission: string;
  state: EscalationState;
  reason: Reason;
  opened: string;
  updated: string;
  mentor: string | null;
  notes: Note[];
  helpful: boolean | null;
  reopened: number;
}

export interface RateMemory {
  helpful: boolean;
  submission: string;
}
