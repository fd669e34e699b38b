import * as React from 'react';
import type { Feedback } from '../api/types';
import type { WordingRun } from '../words/wording';

const WORDS = {
  working: 'A model is putting this into words…',
  model: 'Worded by a model; the verdict is from the checks.',
  rules: 'Worded by rules.'
};

/** Who put a feedback into words. It stays where it is from the first moment on, so that nothing moves. */
export function WordsLine({ feedback, wording }: { feedback: Feedback; wording?: WordingRun }): JSX.Element | null {
  const state = feedback.words_by === 'model' ? 'model' : wording?.state;
  if (!state) {
    return null;
  }
  return (
    <p className="caseloop-WordsLine caseloop-mod-quiet" data-caseloop="words" data-state={state}>
      {state === 'working' && <span className="caseloop-Spinner" aria-hidden="true" />}
      {WORDS[state]}
    </p>
  );
}
