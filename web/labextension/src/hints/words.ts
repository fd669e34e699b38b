/** Hints in words: what each kind does, what is left, and why one is not to be had now. Pure functions. */
import type { HintKind, HintShelf, HintView } from '../api/assisted-types';
import { leftWords } from '../assistance/words';

export const KINDS: readonly HintKind[] = ['plan', 'debug', 'optimize'];
export const MIN_WORDS = 3;

export const KIND: { [kind in HintKind]: { title: string; does: string } } = {
  plan: { title: 'Plan', does: 'How to go about it: what has to happen, in which order.' },
  debug: { title: 'Debug', does: 'What goes wrong in your code, and what to look at.' },
  optimize: { title: 'Optimize', does: 'How code that is right becomes shorter or faster.' }
};

const STAGES: { [stage in HintView['stage']]: string } = {
  waiting: 'Waiting for its turn',
  checking: 'Running your code',
  repairing: 'Looking for the smallest change that helps',
  wording: 'Writing the hint',
  trying: 'Trying out whether the hint helps',
  done: 'Almost there'
};

/** What the line of a hint in the making says. */
export function stageWords(stage: HintView['stage']): string {
  return `${STAGES[stage] ?? STAGES.waiting}…`;
}

/** A thought counts from three words on, as the platform counts them. */
export function isThought(text: string): boolean {
  return text.split(/\s+/).filter(Boolean).length >= MIN_WORDS;
}

/** True while a hint is not finished: it is made, or waits for the learner's thought. */
export function isOpen(hint: HintView): boolean {
  return hint.state === 'working' || hint.state === 'reflect';
}

export interface StepFacts {
  /** The step was approved once. */
  approved: boolean;
  /** The code as it is now was approved by the last check. */
  right: boolean;
}

/** Why a hint of this kind is not to be had at all; undefined when it is. */
export function refusal(kind: HintKind, { left }: HintShelf, step: StepFacts): string | undefined {
  if (kind === 'optimize' && !step.approved) {
    return 'Opens when this step is approved.';
  }
  if (kind !== 'optimize' && step.right) {
    return 'Not needed: your code is approved as it is.';
  }
  if (left[kind] === 0) {
    return 'All hints of this kind are used.';
  }
  return left.overall === 0 ? 'All hints of this step are used.' : undefined;
}

/** What has to happen before the next hint of any kind; undefined when nothing has. */
export function pendingFirst({ hints, unrated }: HintShelf): string | undefined {
  if (hints.some(hint => hint.state === 'reflect')) {
    return 'Write down what you think about the hint below; then the next one can be asked for.';
  }
  if (hints.some(isOpen)) {
    return 'A hint is being made.';
  }
  return unrated ? 'Say whether the hint below helped; then the next one can be asked for.' : undefined;
}

/** «2 hints left»; empty where there is no limit. */
export function quotaWords(kind: HintKind, { left }: HintShelf): string {
  const counts = [left[kind], left.overall].filter(count => count !== null);
  return leftWords(counts.length ? Math.min(...counts) : null, 'hint');
}

/** As they are read: the one in the making, then the earliest that waits for its rating, then the others, newest first. */
export function ordered(hints: readonly HintView[]): HintView[] {
  const rank = (hint: HintView): number => (isOpen(hint) ? 0 : hint.state === 'ready' && hint.helpful === null ? 1 : 2);
  const time = (hint: HintView): number => (rank(hint) === 1 ? 1 : -1) * Date.parse(hint.asked);
  return [...hints].sort((one, other) => rank(one) - rank(other) || time(one) - time(other));
}
