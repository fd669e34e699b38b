import type { SessionEvent } from '../api/session-types';
import { type Instant, NOTHING, applyAll } from './rebuild';

/** Events between two kept instants: seeking applies at most so many. */
const EVERY = 250;
/** Stretches without an event that count as a pause, as in the measures of a session. */
export const PAUSE = 30_000;
/** What is left of a pause when pauses are skipped. */
const SKIPPED = 1_500;

/** A whole session, in the order of its numbers, ready to be sought in. */
export class Recording {
  readonly events: readonly SessionEvent[];
  /** Milliseconds since the start, by event; never falls, whatever the learner's clock did. */
  readonly times: readonly number[];
  readonly length: number;
  /** One after each EVERY events, as far as anybody has sought. */
  private readonly keyframes: Instant[] = [NOTHING];

  constructor(events: readonly SessionEvent[]) {
    const bySeq = new Map(events.map(event => [event.seq, event]));
    this.events = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
    let last = 0;
    this.times = this.events.map(event => (last = Math.max(last, event.at)));
    this.length = last;
  }

  /** How many events have happened by then. */
  count(at: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! <= at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The notebook at a time. */
  at(at: number): Instant {
    return this.after(this.count(at));
  }

  /** The notebook after the first `count` events. */
  after(count: number): Instant {
    const frame = Math.floor(count / EVERY);
    while (this.keyframes.length <= frame) {
      const start = (this.keyframes.length - 1) * EVERY;
      this.keyframes.push(this.from(start, start + EVERY, this.keyframes.at(-1)!));
    }
    return this.from(frame * EVERY, count, this.keyframes[frame]!);
  }

  /** Where the clock stands after so much time at that speed; pauses shrink when they are skipped. */
  advance(at: number, elapsed: number, speed: number, skipPauses: boolean): number {
    const then = at + elapsed * speed;
    const next = this.times[this.count(at)];
    if (skipPauses && next !== undefined && next - at > PAUSE - SKIPPED) {
      const previous = this.times[this.count(at) - 1] ?? 0;
      if (then - previous > SKIPPED) {
        return next - SKIPPED;
      }
    }
    return Math.min(then, this.length);
  }

  private from(start: number, end: number, frame: Instant): Instant {
    const expected = start > 0 ? this.events[start - 1]!.seq + 1 : 0;
    return applyAll(frame, this.events.slice(start, end), expected);
  }
}
