import * as React from 'react';
import { ApiError } from '../api/errors';
import { announce } from '../parts/announce';
import { Button, Problem } from '../parts/elements';
import type { AssistanceModel } from './model';
import { disclosure } from './words';

interface ConsentProps {
  assistance: AssistanceModel;
  /** The choice is kept. */
  done?: () => void;
  /** Go back without choosing; left out where there is nothing to go back to. */
  cancel?: () => void;
}

/** The learner's own choice, with what is sent where. Nothing is asked of a model before it. */
export function Consent({ assistance, done, cancel }: ConsentProps): JSX.Element {
  const [problem, setProblem] = React.useState<ApiError>();
  const [busy, setBusy] = React.useState(false);
  const heading = React.useId();
  const choose = async (ai: boolean): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await assistance.choose(ai);
      announce(ai ? 'AI help is on.' : 'AI help is off.');
      done?.();
    } catch (reason) {
      setProblem(ApiError.from(reason));
      setBusy(false);
    }
  };
  const choice = assistance.value!.choice;
  return (
    <section className="caseloop-Consent" aria-labelledby={heading} data-caseloop="consent">
      <h3 id={heading}>Do you want AI to help you in this case?</h3>
      <ul>
        {disclosure(assistance.value!).map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {problem && <Problem problem={problem} name="consent-problem" />}
      <div className="caseloop-Buttons">
        <Button name="use-ai" look={choice ? 'plain' : 'primary'} onClick={() => !busy && void choose(true)}>
          {choice ? 'Go on with AI' : 'Use AI'}
        </Button>
        <Button name="decline-ai" onClick={() => !busy && void choose(false)}>
          Work without AI
        </Button>
        {cancel && (
          <Button name="keep-choice" look="link" onClick={cancel}>
            Cancel
          </Button>
        )}
      </div>
      <p className="caseloop-mod-quiet">You can change this at any time in this panel. Your choice is recorded.</p>
    </section>
  );
}
