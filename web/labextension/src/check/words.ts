/** A check's stages and outcome in words. Pure functions. */
import type { Feedback, LabFeedback, Stage } from '../api/types';

const WORDS: { [name in Stage['name']]: string } = {
  waiting: 'Waiting for your earlier check of this step',
  recorded: 'Your version is recorded',
  restoring: 'Restoring locked cells',
  running: 'Running your code',
  comparing: 'Comparing the results',
  wording: 'Putting it into words',
  saving: 'Keeping the answer'
};

/** What the progress line says. On the wire `index` counts from 0. */
export function stageWords(stage: Stage | undefined): string {
  if (!stage) {
    return 'Sending your notebook…';
  }
  if (stage.name === 'running' && stage.index !== null && stage.count !== null) {
    return `Running cell ${stage.index + 1} of ${stage.count}…`;
  }
  return `${WORDS[stage.name] ?? stage.detail}…`;
}

export const VERDICTS: { [verdict in Feedback['verdict']]: string } = {
  approved: 'Approved',
  needs_work: 'Needs work',
  could_not_judge: 'Could not be judged'
};

/** What is said aloud when the answer is there. */
export function outcomeWords(answer: LabFeedback, title: string): string {
  const { verdict, headline, findings } = answer.feedback;
  const remarks = verdict === 'needs_work' && findings.length ? ` ${findings.length} to look at.` : '';
  return `${title}: ${VERDICTS[verdict]}. ${headline}${remarks}`;
}
