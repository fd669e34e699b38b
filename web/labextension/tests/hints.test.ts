import { describe, expect, it } from 'vitest';
import type { HintShelf } from '../src/api/assisted-types';
import { isThought, ordered, pendingFirst, quotaWords, refusal } from '../src/hints/words';
import { hint } from './hint-double';

const shelf = (fields: Partial<HintShelf> = {}): HintShelf => ({
  subtask: 'total',
  hints: [],
  left: { plan: 1, debug: 3, optimize: 1, overall: null },
  unrated: null,
  ...fields
});

const open = { approved: false, right: false };

describe('refusal', () => {
  it('lets a learner with places left ask for what fits the state of the step', () => {
    expect(refusal('plan', shelf(), open)).toBeUndefined();
    expect(refusal('debug', shelf(), open)).toBeUndefined();
    expect(refusal('optimize', shelf(), { approved: true, right: true })).toBeUndefined();
  });

  it('keeps optimizing for approved steps, and repairs for code that is not right', () => {
    expect(refusal('optimize', shelf(), open)).toBe('Opens when this step is approved.');
    expect(refusal('debug', shelf(), { approved: true, right: true })).toContain('Not needed');
    expect(refusal('debug', shelf(), { approved: true, right: false })).toBeUndefined();
  });

  it('tells a spent kind from a spent step', () => {
    const left = { plan: 0, debug: 1, optimize: null, overall: 2 };
    expect(refusal('plan', shelf({ left }), open)).toBe('All hints of this kind are used.');
    expect(refusal('debug', shelf({ left: { ...left, overall: 0 } }), open)).toBe('All hints of this step are used.');
  });
});

describe('pendingFirst', () => {
  it('names the one thing that comes before the next hint', () => {
    expect(pendingFirst(shelf())).toBeUndefined();
    expect(pendingFirst(shelf({ hints: [hint('a', { state: 'working' })] }))).toContain('being made');
    expect(pendingFirst(shelf({ hints: [hint('a', { state: 'reflect' })] }))).toContain('what you think');
    expect(pendingFirst(shelf({ hints: [hint('a')], unrated: 'a' }))).toContain('helped');
    expect(pendingFirst(shelf({ hints: [hint('a', { state: 'failed' })] }))).toBeUndefined();
  });
});

describe('quotaWords', () => {
  it('says the smaller of what the kind and the step have left, and nothing without a limit', () => {
    expect(quotaWords('plan', shelf())).toBe('1 hint left');
    expect(quotaWords('debug', shelf({ left: { plan: 1, debug: 3, optimize: 1, overall: 2 } }))).toBe('2 hints left');
    expect(quotaWords('debug', shelf({ left: { plan: 0, debug: null, optimize: 0, overall: null } }))).toBe('');
    expect(quotaWords('plan', shelf({ left: { plan: 0, debug: 0, optimize: 0, overall: 5 } }))).toBe('no hint left');
  });
});

describe('ordered', () => {
  it('begins with what is being made, then the earliest that waits for its rating, then the newest', () => {
    const at = (minute: number): string => `2026-11-25T10:0${minute}:00Z`;
    const hints = [
      hint('old', { asked: at(0), helpful: true }),
      hint('unrated-early', { asked: at(1) }),
      hint('newer', { asked: at(2), helpful: false }),
      hint('unrated-late', { asked: at(3) }),
      hint('failed', { asked: at(4), state: 'failed' }),
      hint('making', { asked: at(5), state: 'working' })
    ];
    expect(ordered(hints).map(({ id }) => id)).toEqual(['making', 'unrated-early', 'unrated-late', 'failed', 'newer', 'old']);
    expect(hints[0].id).toBe('old'); // the shelf itself is left as it was
  });
});

describe('isThought', () => {
  it('counts words as the platform does', () => {
    expect(isThought('the loop\nforgets')).toBe(true);
    expect(isThought('  two words  ')).toBe(false);
    expect(isThought('')).toBe(false);
  });
});
