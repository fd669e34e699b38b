import * as React from 'react';
import { Button } from '../parts/elements';
import { Prose } from '../parts/prose';
import type { Pending } from './desk';
import { LearnerItem } from './message-item';

/** A question with as much of its answer as there is, and a way to stop it. Screen readers hear the whole answer at its end. */
export function PendingItem({ pending, stop }: { pending: Pending; stop: () => void }): JSX.Element {
  const { answer, retracted } = pending;
  return (
    <>
      <LearnerItem text={pending.text} />
      <li className="caseloop-Message caseloop-mod-assistant" data-caseloop="answering" data-retracted={retracted}>
        <h4>Assistant</h4>
        {retracted && (
          <p className="caseloop-mod-quiet" data-caseloop="retracted">
            The first words were taken back. These come in their place:
          </p>
        )}
        {answer ? (
          <Prose text={answer} />
        ) : (
          <p className="caseloop-Progress">
            <span className="caseloop-Spinner" aria-hidden="true" />
            Thinking…
          </p>
        )}
        <Button name="stop-answer" onClick={stop}>
          Stop
        </Button>
      </li>
    </>
  );
}
