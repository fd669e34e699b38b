import { ApiError } from '../api/errors';
import type { EventBatch } from '../api/session-types';
import { SessionLog } from './log';
import type { BatchStore } from './store';

/** Most batches that are set aside while Caseloop is away: a day of quick typing. */
const MAX_ASIDE = 100;

/** What a recorder does after an answer (docs/reference/session-events.md). */
export type Verdict = 'kept' | 'later' | 'not_chosen' | 'full' | 'gone' | 'refused' | 'too_large';

type Send = (batch: EventBatch) => Promise<unknown>;

/** What an answer to a batch means. */
export function verdictOf(error: ApiError): Verdict {
  if (error.status === 409) {
    return 'not_chosen';
  }
  if (error.error === 'recording_full') {
    return 'full';
  }
  if (error.status === 410) {
    return 'gone';
  }
  if (error.status === 413) {
    return 'too_large';
  }
  return error.temporary || error.status === 401 || error.status === 403 ? 'later' : 'refused';
}

/** Brings events to Caseloop: what could not be sent is set aside, survives a reload, and is sent first. */
export class Outbox {
  private readonly aside = new Set<string>();
  private busy = false;

  constructor(
    private readonly store: BatchStore,
    private readonly send: Send
  ) {}

  /** Keep a copy of what waits in memory, for the next page that is opened. */
  async save(log: SessionLog): Promise<void> {
    if (log.pending) {
      await this.store.put(live(log), log.batch());
    }
  }

  /** Make room in memory. False when the browser keeps nothing, or too much is set aside already. */
  async makeRoom(log: SessionLog): Promise<boolean> {
    const batch = log.batch();
    const key = `${log.session}/${batch.events[0].seq}`;
    if (this.aside.size >= MAX_ASIDE || !(await this.store.put(key, batch))) {
      return false;
    }
    this.aside.add(key);
    log.settle(batch);
    await this.store.remove(live(log));
    return true;
  }

  /** Send all that waits, oldest first. Never rejects; the verdict is that of the last of this session's own batches. */
  async flush(log: SessionLog): Promise<Verdict> {
    if (this.busy) {
      return 'later';
    }
    this.busy = true;
    try {
      const earlier = await this.sendAside(log);
      return earlier === 'kept' ? await this.sendPending(log) : earlier;
    } finally {
      this.busy = false;
    }
  }

  async forget(): Promise<void> {
    this.aside.clear();
    await this.store.clear();
  }

  private async sendAside(log: SessionLog): Promise<Verdict> {
    for (const key of (await this.store.keys()).filter(known => known !== live(log)).sort()) {
      const batch = await this.store.get(key);
      const verdict = batch ? await this.tried(batch) : 'refused';
      if (waits(verdict)) {
        return verdict;
      }
      this.aside.delete(key);
      await this.store.remove(key);
      if (verdict !== 'kept' && batch?.session === log.session) {
        return verdict;
      }
    }
    return 'kept';
  }

  private async sendPending(log: SessionLog): Promise<Verdict> {
    if (!log.pending) {
      return 'kept';
    }
    const batch = log.batch();
    const verdict = await this.tried(batch);
    if (!waits(verdict)) {
      log.settle(batch);
      await this.store.remove(live(log));
    }
    return verdict;
  }

  private async tried(batch: EventBatch): Promise<Verdict> {
    try {
      await this.send(batch);
      return 'kept';
    } catch (reason) {
      return verdictOf(ApiError.from(reason));
    }
  }
}

/** What was sent is still here. */
const waits = (verdict: Verdict): boolean => ['later', 'not_chosen', 'full'].includes(verdict);

const live = ({ session }: SessionLog): string => `${session}/live`;
