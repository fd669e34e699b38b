import { describe, expect, it } from 'vitest';
import type { EventKind, SessionEvent } from '../src/api/session-types';
import type { Json } from '../src/api/types';
import { following, marks, thinned } from '../src/replay/marks';
import { Recording } from '../src/replay/recording';

function event(seq: number, at: number, kind: EventKind, data: Record<string, Json> = {}, cell = 'a'): SessionEvent {
  return { seq, at, kind, cell, data };
}

const START = event(0, 0, 'snapshot', { cells: [{ id: 'a', kind: 'code', source: '' }] });

/** One letter every 100 ms. */
function typed(count: number): SessionEvent[] {
  return Array.from({ length: count }, (_, index) =>
    event(index + 1, (index + 1) * 100, 'edit', { at: index, removed: 0, inserted: String.fromCharCode(97 + (index % 26)) })
  );
}

describe('seeking', () => {
  it('gives the same from a keyframe as from the start', () => {
    const recording = new Recording([START, ...typed(2_000)]);
    for (const count of [0, 1, 249, 250, 251, 1_999, 2_001]) {
      const source = recording.after(count).cells[0]?.source ?? '';
      expect(source.length).toBe(Math.max(0, count - 1));
    }
    expect(recording.at(200_000).cells[0]!.source.slice(0, 5)).toBe('abcde');
  });

  it('opens two hours of edits, one every 500 ms, and seeks to their end in well under 300 ms', () => {
    const events = [START, ...typed(14_400)];
    // the processor's time: other work on the machine is not what is measured
    const before = process.cpuUsage();
    const { length } = new Recording(events).at(7_200_000).cells[0]!.source;
    const { user, system } = process.cpuUsage(before);
    expect(length).toBe(14_400);
    expect((user + system) / 1000).toBeLessThan(300);
  });

  it('says when events are missing, until a snapshot comes', () => {
    const recording = new Recording([
      START,
      event(5, 500, 'edit', { at: 0, removed: 0, inserted: 'x' }),
      event(9, 900, 'snapshot', { cells: [{ id: 'a', kind: 'code', source: 'anew' }] })
    ]);
    expect(recording.at(400).uncertain).toBe(false);
    expect(recording.at(600).uncertain).toBe(true);
    expect(recording.at(900).uncertain).toBe(false);
  });

  it('knows the caret, the cell in hand and how its run ended', () => {
    const recording = new Recording([
      START,
      event(1, 10, 'edit', { at: 0, removed: 0, inserted: 'one\ntwo' }),
      event(2, 20, 'run'),
      event(3, 30, 'result', { ok: false, error: 'NameError' })
    ]);
    expect(recording.at(10)).toMatchObject({ active: 'a', caret: 7 });
    expect(recording.at(20).cells[0]!.ran).toMatchObject({ state: 'running', seconds: null });
    expect(recording.at(30).cells[0]!.ran).toMatchObject({ state: 'failed', error: 'NameError', seconds: 0.01 });
  });

  it('knows how long each of several runs took, of which one waited for the other', () => {
    const cells = ['a', 'b'].map(id => ({ id, kind: 'code', source: '' }));
    const recording = new Recording([
      event(0, 0, 'snapshot', { cells }),
      event(1, 100, 'run', {}, 'a'),
      event(2, 110, 'run', {}, 'b'),
      event(3, 2_100, 'result', { ok: true, error: null }, 'a'),
      event(4, 2_600, 'result', { ok: false, error: null }, 'b'),
      event(5, 5_000, 'run', {}, 'a')
    ]);
    const runs = (at: number) => recording.at(at).cells.map(({ ran }) => ran && [ran.state, ran.seconds]);
    expect(runs(50)).toEqual([null, null]);
    expect(runs(2_500)).toEqual([
      ['ok', 2],
      ['running', null]
    ]);
    expect(runs(4_000)[1]).toEqual(['failed', 0.5]);
    expect(runs(5_000)[0]).toEqual(['running', null]);
  });

  it('does not say how long a run took whose beginning may be missing', () => {
    const ending = event(9, 900, 'result', { ok: true, error: null });
    for (const events of [[START, ending], [START, event(1, 10, 'run'), ending]]) {
      expect(new Recording(events).at(900).cells[0]!.ran).toMatchObject({ state: 'ok', seconds: null });
    }
    const again = [START, event(1, 10, 'run'), event(2, 20, 'result', { ok: true }), event(3, 30, 'result', { ok: true })];
    expect(new Recording(again).at(30).cells[0]!.ran!.seconds).toBeNull();
  });
});

describe('the clock', () => {
  const recording = new Recording([START, event(1, 1_000, 'run'), event(2, 601_000, 'run')]);

  it('runs at its speed and stops at the end', () => {
    expect(recording.advance(0, 100, 4, false)).toBe(400);
    expect(recording.advance(600_900, 100, 4, false)).toBe(601_000);
  });

  it('leaps over a pause only when told to', () => {
    expect(recording.advance(2_000, 1_000, 1, false)).toBe(3_000);
    expect(recording.advance(2_000, 1_000, 1, true)).toBe(599_500);
    expect(recording.advance(599_500, 100, 1, true)).toBe(599_600);
  });
});

describe('marks', () => {
  const recording = new Recording([
    START,
    event(1, 100, 'paste', { length: 300, large: true }),
    event(2, 200, 'run'),
    event(3, 250, 'result', { ok: false, error: 'NameError' }),
    event(4, 300, 'hint'),
    event(5, 400, 'chat'),
    event(6, 500, 'check', { verdict: 'needs_work' }),
    event(7, 600, 'run'),
    event(8, 650, 'result', { ok: true, error: null })
  ]);
  const all = marks(recording);

  it('are pastes, questions to the AI, runs and checks, in order', () => {
    expect(all.map(({ kind, strong }) => `${kind}${strong ? '!' : ''}`)).toEqual([
      'paste!',
      'run!',
      'ai',
      'ai',
      'check!',
      'run'
    ]);
    expect(all[0]!.label).toBe('Paste of 300 characters');
    expect(all[1]!.label).toBe('Run that failed: NameError');
  });

  it('are jumped to one after the other', () => {
    expect(following(all, 'ai', 0)!.at).toBe(300);
    expect(following(all, 'ai', 300)!.at).toBe(400);
    expect(following(all, 'ai', 400)).toBeUndefined();
  });

  it('are drawn once a spot, the strong one of them', () => {
    expect(thinned(all, 650, 1).map(({ kind, strong }) => [kind, strong])).toEqual([
      ['paste', true],
      ['run', true],
      ['ai', false],
      ['check', true]
    ]);
  });
});
