/** Recorded sessions: mirrors services/contracts/session.py, snake_case as there. */

import type { Json } from './types';

export type EventKind =
  | 'snapshot'
  | 'edit'
  | 'cursor'
  | 'paste'
  | 'run'
  | 'result'
  | 'check'
  | 'hint'
  | 'chat'
  | 'cell_created'
  | 'cell_deleted'
  | 'cell_moved'
  | 'focus'
  | 'blur';

export interface SessionEvent {
  seq: number;
  at: number;
  kind: EventKind;
  cell: string | null;
  data: { [key: string]: Json };
}

export interface Gap {
  first: number;
  last: number;
}

export interface SessionSummary {
  session: string;
  started: string;
  seconds: number;
  events: number;
  active_typing_seconds: number;
  idle_seconds: number;
  idle_stretches: number;
  pastes: number;
  large_pastes: number;
  pasted_chars: number;
  runs: number;
  failed_runs: number;
  checks: number;
  hints: number;
  chats: number;
  gaps: Gap[];
}

export interface ReplayCell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
}

export interface Instant {
  seq: number;
  at: number;
  kind: EventKind;
}

export interface SessionPart {
  summary: SessionSummary;
  start: ReplayCell[];
  events: SessionEvent[];
  next: number | null;
  marks: Instant[];
  keyframes: Instant[];
}
