import type { SessionEvent } from '../api/session-types';
import type { Recording } from './recording';

export type MarkKind = 'paste' | 'ai' | 'run' | 'check';

export interface Mark {
  kind: MarkKind;
  at: number;
  label: string;
  /** A paste of more than 100 characters, a run that failed, a check that found faults. */
  strong: boolean;
}

export const MARK_KINDS: MarkKind[] = ['paste', 'ai', 'run', 'check'];

/** What is worth jumping to, in order. */
export function marks(recording: Recording): Mark[] {
  return recording.events.flatMap((event, index) => {
    const found = mark(event, recording.events, index);
    return found ? [{ ...found, at: recording.times[index]! }] : [];
  });
}

/** The first mark of a kind after a time. */
export function following(all: readonly Mark[], kind: MarkKind, at: number): Mark | undefined {
  return all.find(candidate => candidate.kind === kind && candidate.at > at);
}

/** Marks that would fall on the same spot of a timeline of so many spots, drawn once: the strongest stays. */
export function thinned(all: readonly Mark[], length: number, spots: number): Mark[] {
  const kept = new Map<string, Mark>();
  for (const candidate of all) {
    const key = `${candidate.kind}:${Math.floor((candidate.at / Math.max(1, length)) * spots)}`;
    const before = kept.get(key);
    if (!before || (candidate.strong && !before.strong)) {
      kept.set(key, candidate);
    }
  }
  return [...kept.values()];
}

function mark(event: SessionEvent, all: readonly SessionEvent[], index: number): Omit<Mark, 'at'> | null {
  switch (event.kind) {
    case 'paste': {
      const length = typeof event.data.length === 'number' ? event.data.length : 0;
      return { kind: 'paste', label: `Paste of ${length} characters`, strong: event.data.large === true };
    }
    case 'hint':
      return { kind: 'ai', label: 'Asked for a hint', strong: false };
    case 'chat':
      return { kind: 'ai', label: 'Wrote to the assistant', strong: false };
    case 'run': {
      const ending = result(event, all, index)?.data;
      const failed = ending?.ok === false;
      const error = failed && typeof ending.error === 'string' && ending.error ? `: ${ending.error}` : '';
      return { kind: 'run', label: failed ? `Run that failed${error}` : 'Run', strong: failed };
    }
    case 'check': {
      const verdict = event.data.verdict;
      return { kind: 'check', label: `Check: ${CHECKED[String(verdict)] ?? 'asked for'}`, strong: verdict === 'needs_work' };
    }
    default:
      return null;
  }
}

const CHECKED: Record<string, string> = {
  approved: 'approved',
  needs_work: 'needs work',
  could_not_judge: 'could not be judged'
};

/** The result that belongs to a run: the next one of its cell before it runs again. */
function result(run: SessionEvent, all: readonly SessionEvent[], index: number): SessionEvent | undefined {
  for (let later = index + 1; later < all.length; later += 1) {
    const event = all[later]!;
    if (event.cell === run.cell && event.kind === 'result') {
      return event;
    }
    if (event.cell === run.cell && event.kind === 'run') {
      return undefined;
    }
  }
  return undefined;
}
