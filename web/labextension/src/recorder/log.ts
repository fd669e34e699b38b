import type { EventBatch, EventKind, SessionEvent } from '../api/session-types';
import type { Json } from '../api/types';
import { newId } from '../parts/ids';

/** Most events that wait in memory; as many as one request may carry (services/contracts/session.py). */
export const MAX_PENDING = 1_000;

/** The events of one session that are not kept by Caseloop yet, numbered in the order in which they came. */
export class SessionLog {
  readonly session = newId();
  private readonly started = new Date();
  private readonly began = performance.now();
  private events: SessionEvent[] = [];
  private next = 0;

  get pending(): number {
    return this.events.length;
  }

  get full(): boolean {
    return this.events.length >= MAX_PENDING;
  }

  /** Soon there is no room left. */
  get crowded(): boolean {
    return this.events.length > MAX_PENDING * 0.8;
  }

  /** Number the event and keep it. False when there is no room: the event has not happened, as far as the log goes. */
  add(kind: EventKind, cell: string | null, data: { [key: string]: Json }): boolean {
    if (this.full) {
      return false;
    }
    const at = Math.max(0, Math.round(performance.now() - this.began));
    this.events.push({ seq: this.next++, at, kind, cell, data });
    return true;
  }

  /** All that waits, as one request. */
  batch(): EventBatch {
    return { session: this.session, started: this.started.toISOString(), events: [...this.events] };
  }

  /** These have arrived, or are kept elsewhere. */
  settle({ events }: EventBatch): void {
    const last = events.at(-1)?.seq ?? -1;
    this.events = this.events.filter(event => event.seq > last);
  }
}
