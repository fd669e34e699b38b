import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/errors';
import type { EventBatch } from '../src/api/session-types';
import { difference, sendable } from '../src/recorder/difference';
import { MAX_PENDING, SessionLog } from '../src/recorder/log';
import { Outbox, verdictOf } from '../src/recorder/outbox';
import type { BatchStore } from '../src/recorder/store';
import { type RecordedCell, structure } from '../src/recorder/structure';
import { disclosure, standing } from '../src/recorder/words';

/** Numbers that look random and are the same in every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const applied = (text: string, { at, removed, inserted }: NonNullable<ReturnType<typeof difference>>): string =>
  text.slice(0, at) + inserted + text.slice(at + removed);

describe('difference', () => {
  it('is nothing between equal texts, and one stretch between others', () => {
    expect(difference('x = 1', 'x = 1')).toBeUndefined();
    expect(difference('x = 1', 'x = 12')).toEqual({ at: 5, removed: 0, inserted: '2' });
    expect(difference('abcabc', 'abc')).toEqual({ at: 3, removed: 3, inserted: '' });
    expect(difference('aa', 'aaa')).toEqual({ at: 2, removed: 0, inserted: 'a' });
  });

  it('makes the one text of the other, and never cuts a pair in two', () => {
    const alphabet = ['a', 'b', '\n', 'é', '😀', '😁', '🎉'];
    const next = numbers(4);
    const text = (): string => Array.from({ length: next(12) }, () => alphabet[next(alphabet.length)]).join('');
    for (let round = 0; round < 3_000; round++) {
      const [before, after] = [text(), text()];
      const found = difference(before, after);
      expect(found ? applied(before, found) : before).toBe(after);
      if (found) {
        expect(sendable(found.inserted, 100)).toBe(found.inserted);
        expect(sendable(before.slice(0, found.at), 100)).toBe(before.slice(0, found.at));
      }
    }
  });

  it('is quick in a long cell', () => {
    const long = 'x = 1\n'.repeat(30_000);
    const began = performance.now();
    for (let round = 0; round < 20; round++) {
      difference(long, `${long.slice(0, 90_000)}y${long.slice(90_000)}`);
    }
    expect((performance.now() - began) / 20).toBeLessThan(10);
  });
});

describe('sendable', () => {
  it('replaces halves of pairs and leaves out what is over the limit', () => {
    expect(sendable('a\ud83d', 9)).toBe('a\ufffd');
    expect(sendable('\ude00b😀', 9)).toBe('\ufffdb😀');
    expect(sendable('ab😀', 3)).toBe('ab\ufffd');
  });
});

describe('structure', () => {
  const cell = (id: string): RecordedCell => ({ id, kind: 'code', source: id });

  /** As docs/reference/session-events.md rebuilds a notebook. */
  function rebuilt(before: string[], after: RecordedCell[]): string[] {
    const order = [...before];
    for (const { kind, cell: id, data } of structure(before, after)) {
      const at = order.indexOf(id);
      if (kind === 'cell_created') {
        expect(at).toBe(-1);
      } else {
        order.splice(at, 1);
      }
      if (kind !== 'cell_deleted') {
        order.splice(data.index as number, 0, id);
      }
    }
    return order;
  }

  it('tells one event for one thing done', () => {
    expect(structure(['a', 'b'], ['a', 'n', 'b'].map(cell))).toEqual([
      { kind: 'cell_created', cell: 'n', data: { index: 1, kind: 'code', source: 'n' } }
    ]);
    expect(structure(['a', 'b', 'c'], ['b', 'c', 'a'].map(cell))).toEqual([{ kind: 'cell_moved', cell: 'a', data: { index: 2 } }]);
    expect(structure(['a', 'b'], ['b'].map(cell))).toEqual([{ kind: 'cell_deleted', cell: 'a', data: {} }]);
    expect(structure(['a', 'b'], ['a', 'b'].map(cell))).toEqual([]);
  });

  it('makes any order of any other', () => {
    const next = numbers(11);
    const some = (): string[] => {
      const pool = [...'abcdefgh'];
      return Array.from({ length: next(8) }, () => pool.splice(next(pool.length), 1)[0]);
    };
    for (let round = 0; round < 3_000; round++) {
      const [before, after] = [some(), some()];
      expect(rebuilt(before, after.map(cell))).toEqual(after);
    }
  });
});

class Memory implements BatchStore {
  readonly kept = new Map<string, EventBatch>();
  broken = false;
  keys = async () => [...this.kept.keys()];
  get = async (key: string) => this.kept.get(key);
  put = async (key: string, batch: EventBatch) => !this.broken && Boolean(this.kept.set(key, batch));
  remove = async (key: string) => void this.kept.delete(key);
  clear = async () => this.kept.clear();
}

describe('SessionLog', () => {
  it('numbers events without gaps and holds a thousand', () => {
    const log = new SessionLog();
    for (let i = 0; i < MAX_PENDING; i++) {
      expect(log.add('cursor', 'a', {})).toBe(true);
    }
    expect(log.add('edit', 'a', {})).toBe(false);
    const batch = log.batch();
    expect(batch.session).toMatch(/^[0-9a-f]{32}$/);
    expect(batch.events.map(event => event.seq)).toEqual(Array.from({ length: MAX_PENDING }, (_, i) => i));
    log.settle({ ...batch, events: batch.events.slice(0, 10) });
    expect(log.add('edit', 'a', {})).toBe(true);
    expect(log.batch().events.at(-1)!.seq).toBe(MAX_PENDING);
  });
});

describe('Outbox', () => {
  const away = new ApiError(503, 'service_unavailable', 'away');
  let sent: EventBatch[];
  let trouble: ApiError | undefined;
  let store: Memory;
  let log: SessionLog;
  let outbox: Outbox;

  beforeEach(() => {
    [sent, trouble, store, log] = [[], undefined, new Memory(), new SessionLog()];
    outbox = new Outbox(store, async batch => {
      if (trouble) {
        throw trouble;
      }
      sent.push(batch);
    });
  });

  it('keeps events in memory while Caseloop is away, and sends each once', async () => {
    log.add('cursor', 'a', {});
    trouble = away;
    expect(await outbox.flush(log)).toBe('later');
    log.add('run', 'a', {});
    trouble = undefined;
    expect(await outbox.flush(log)).toBe('kept');
    expect(await outbox.flush(log)).toBe('kept');
    expect(sent.flatMap(batch => batch.events.map(event => event.seq))).toEqual([0, 1]);
  });

  it('does not lose what happens while a batch is on its way', async () => {
    log.add('cursor', 'a', {});
    const slow = new Outbox(store, async batch => {
      log.add('run', 'a', {});
      sent.push(batch);
    });
    await slow.flush(log);
    expect(log.batch().events.map(event => event.kind)).toEqual(['run']);
  });

  it('sends what another page has left behind, then its own', async () => {
    const before = new SessionLog();
    before.add('run', 'a', {});
    await outbox.save(before);
    log.add('cursor', 'a', {});
    await outbox.flush(log);
    expect(sent.map(batch => batch.session)).toEqual([before.session, log.session]);
    expect(store.kept.size).toBe(0);
  });

  it('sets full batches aside, and sends them first and in order', async () => {
    trouble = away;
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < MAX_PENDING; i++) {
        log.add('cursor', 'a', {});
      }
      expect(await outbox.makeRoom(log)).toBe(true);
      expect(log.pending).toBe(0);
    }
    log.add('run', 'a', {});
    trouble = undefined;
    await outbox.flush(log);
    const seqs = sent.flatMap(batch => batch.events.map(event => event.seq));
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 2 * MAX_PENDING + 1 }, (_, i) => i));
    expect(store.kept.size).toBe(0);
  });

  it('says so when the browser keeps nothing', async () => {
    store.broken = true;
    log.add('cursor', 'a', {});
    expect(await outbox.makeRoom(log)).toBe(false);
    expect(log.pending).toBe(1);
  });

  it('drops what is refused for good and keeps what may be taken later', async () => {
    log.add('cursor', 'a', {});
    trouble = new ApiError(422, 'event_invalid', '');
    expect(await outbox.flush(log)).toBe('refused');
    expect(log.pending).toBe(0);
    log.add('cursor', 'a', {});
    trouble = new ApiError(409, 'recording_not_chosen', '');
    expect(await outbox.flush(log)).toBe('not_chosen');
    expect(log.pending).toBe(1);
  });
});

describe('verdictOf', () => {
  it('reads every answer that docs/reference/session-events.md names', () => {
    const of = (status: number, error: string) => verdictOf(new ApiError(status, error, ''));
    expect(of(409, 'recording_not_chosen')).toBe('not_chosen');
    expect(of(410, 'session_deleted')).toBe('gone');
    expect(of(413, 'event_too_large')).toBe('too_large');
    expect(of(422, 'event_invalid')).toBe('refused');
    expect(of(429, 'recording_full')).toBe('full');
    expect(of(429, 'too_many_requests')).toBe('later');
    expect(of(0, 'server_unavailable')).toBe('later');
    expect(of(403, 'refused')).toBe('later');
  });
});

describe('words', () => {
  const value = { record: null, sessions: 0, events: 0, retention_days: 180 };

  it('says for whom and how long before anything is recorded', () => {
    const said = disclosure(value).join(' ');
    expect(said).toContain('mentors can replay it');
    expect(said).toContain('names of exceptions');
    expect(said).toContain('leave its window and come back');
    expect(said).toContain('180 days');
    expect(said).toContain('pastes');
  });

  it('says where a learner stands', () => {
    expect(standing(value)).toBe('Not decided yet');
    expect(standing({ ...value, record: true, sessions: 1 })).toBe('On · 1 session kept');
    expect(standing({ ...value, record: false })).toBe('Off');
  });
});

vi.mock('../src/parts/announce', () => ({ announce: () => undefined }));
