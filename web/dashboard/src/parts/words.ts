import type { EscalationState, QueueItem, Reason } from '../api/mentoring-types';
import type { EvidenceKind, Stage, Verdict } from '../api/types';

export const STATES: Record<EscalationState, string> = {
  waiting: 'Waiting',
  leased: 'Being read',
  answered: 'Answered',
  rated: 'Rated',
  cancelled: 'Withdrawn'
};

export const REASONS: Record<Reason, string> = {
  unhelpful_hint: 'A hint did not help',
  repeated_failure: 'Fails again and again',
  low_confidence: 'The check is not sure',
  unhelpful_answer: 'An answer did not help'
};

/** Why it is in the queue. */
export function reasonOf({ about_memory, reason }: QueueItem): string {
  return about_memory === null ? REASONS[reason] : 'A remembered answer came back';
}

export const VERDICTS: Record<Verdict, string> = {
  approved: 'Approved',
  needs_work: 'Needs work',
  could_not_judge: 'Could not be judged'
};

export const EVIDENCE: Record<EvidenceKind, string> = {
  exception: 'Raised',
  check: 'Check failed',
  value: 'Value differs',
  call: 'Result differs',
  missing: 'Name is missing',
  incomplete: 'Did not finish',
  structure: 'Code differs',
  input: 'Input that fails',
  behaviour: 'How results come about',
  notebook: 'Notebook',
  case: 'Fault of the case'
};

const STAGES: Record<Stage['name'], string> = {
  waiting: 'Waiting for an earlier run',
  recorded: 'Accepted',
  restoring: 'Restoring locked cells',
  running: 'Running the code',
  comparing: 'Comparing with the checks',
  wording: 'Wording the result',
  saving: 'Saving'
};

export function stage({ name, index, count, detail }: Stage): string {
  const words = STAGES[name] ?? name;
  const part = index !== null && count ? `, cell ${index + 1} of ${count}` : '';
  return `${words}${part}${detail ? `: ${detail}` : ''} …`;
}

/** Who asks. Nobody does where a remembered answer came back. */
export function askerOf({ about_memory, learner }: QueueItem): string {
  return about_memory === null ? learner : 'nobody’s question';
}

/** `1 other`, `3 others`. */
export function several(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
