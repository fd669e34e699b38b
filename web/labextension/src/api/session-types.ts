/** Recorded sessions on the wire: mirrors services/contracts as types.ts does; docs/reference/session-events.md. */
import type { Json } from './types';

// session.py
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

export interface EventBatch {
  session: string;
  started: string;
  events: SessionEvent[];
}

export interface RecordingChoice {
  record: boolean;
}

export interface Recording {
  record: boolean | null;
  sessions: number;
  events: number;
  retention_days: number;
}
