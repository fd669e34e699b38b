import type { Decision, Effect, Interval, RunComparison, Said } from '../api/quality-types';

export const EFFECTS: Record<Effect, string> = {
  broken: 'Verdict broken',
  fixed: 'Verdict fixed',
  moved: 'Verdict moved',
  scores: 'Other scores',
  words: 'Other words',
  same: 'Same',
  lost: 'No answer'
};

export const DECISIONS: Record<Decision, string> = {
  better: 'Better',
  worse: 'Worse',
  no_evidence: 'No evidence',
  cannot_tell: 'Cannot tell'
};

export const OUTCOMES: Record<RunComparison['outcome'], string> = {
  fine: 'No evidence that it got worse',
  worse: 'It got worse',
  cannot_tell: 'Cannot tell'
};

export const SAID: Record<Said, string> = { yes: 'Yes', no: 'No', cannot_tell: 'Cannot tell' };

/** `problem-recall` as people read it. */
export function plain(name: string): string {
  return name.replace(/[-_]/g, ' ');
}

/** 100 % is said of 1 alone, and 0 % of 0 alone. */
export function share(value: number | null): string {
  if (value === null) {
    return '–';
  }
  const whole = Math.round(100 * value);
  if ((whole === 100) === (value === 1) && (whole === 0) === (value === 0)) {
    return `${whole} %`;
  }
  return value > 0.5 ? '> 99 %' : '< 1 %';
}

/** From where to where a mean may lie; else why nobody can tell. */
export function range({ low, high, note }: Interval): string {
  return low === null || high === null ? note || 'no interval' : `${share(low)} to ${share(high)}`;
}

/** Percentage points with their sign. */
export function points(value: number | null): string {
  if (value === null) {
    return '–';
  }
  const shown = (100 * Math.abs(value)).toFixed(1);
  return shown === '0.0' ? shown : `${value < 0 ? '−' : '+'}${shown}`;
}

export function milliseconds(value: number | null): string {
  if (value === null) {
    return '–';
  }
  return value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;
}
