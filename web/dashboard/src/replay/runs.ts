/** What is recorded of a run: that it began, how it ended and when. What code prints is never recorded. */

export interface Run {
  state: 'running' | 'ok' | 'failed';
  /** Name of the exception; null: none is known. */
  error: string | null;
  /** When it was asked for, in milliseconds since the session began; null: that never arrived. */
  asked: number | null;
  /** How long it took; null: it goes on, or nobody knows when it began. */
  seconds: number | null;
}

export interface Ending {
  ok: boolean;
  error: string | null;
  at: number;
  /** When the run before it ended: cells that are run together wait for each other. */
  free: number;
}

export function begun(at: number): Run {
  return { state: 'running', error: null, asked: at, seconds: null };
}

/** @param run as it began; null: not known. */
export function ended(run: Run | null, { ok, error, at, free }: Ending): Run {
  const asked = run?.state === 'running' ? run.asked : null;
  const seconds = asked === null ? null : Math.max(0, at - Math.max(asked, free)) / 1000;
  return { state: ok ? 'ok' : 'failed', error: ok ? null : error, asked, seconds };
}
