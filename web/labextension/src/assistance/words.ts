/** What is said about AI in a case. Pure functions. */
import type { Assistance } from '../api/assisted-types';
import { plural } from '../parts/words';

export const WITHOUT_AI = 'This case is worked on without AI. Feedback and its hints come from the checks alone.';

/** What is sent where, before a learner chooses. */
export function disclosure({ model, remote }: Assistance): string[] {
  if (model === null) {
    return ['No language model is set up here: hints and answers come from rules.', 'Nothing you write leaves this system.'];
  }
  return [
    `A language model, ${model}, then writes hints and answers, and words the feedback of your checks.`,
    'It is given your code, your messages and what the checks found. Names, e-mail addresses and keys are taken out first.',
    remote
      ? 'The model runs on another machine: this text leaves the machine that Caseloop runs on.'
      : 'The model runs on the machine that Caseloop runs on: this text goes nowhere else.',
    'It never decides whether your work is right: that is for the checks.'
  ];
}

/** Where a learner stands, in a line. */
export function standing({ choice, uses, model }: Assistance): string {
  const used = uses ? ` · used ${uses === 1 ? 'once' : `${uses} times`}` : '';
  if (choice === null) {
    return 'Not decided yet';
  }
  const who = model === null ? ', by rules' : '';
  return `${choice ? `On${who}` : 'Off'}${used || (choice ? ' · not used yet' : '')}`;
}

/** Who wrote a text, for the line beneath it. */
export function writtenBy(by: 'rules' | 'model' | 'mentor' | null): string {
  return by === 'model' ? 'Written by a language model' : by === 'mentor' ? 'Written by a mentor' : 'Written by rules';
}

/** «3 messages left»; empty where there is no limit. */
export function leftWords(left: number | null, one: string): string {
  return left === null ? '' : left === 0 ? `no ${one} left` : `${plural(left, one)} left`;
}
