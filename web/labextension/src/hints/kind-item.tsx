import * as React from 'react';
import type { HintKind, HintShelf } from '../api/assisted-types';
import { announce } from '../parts/announce';
import { Button } from '../parts/elements';
import { KIND, quotaWords, refusal, type StepFacts } from './words';

interface KindProps {
  kind: HintKind;
  shelf: HintShelf;
  facts: StepFacts;
  /** A hint of this kind has been asked for and is not confirmed yet. */
  asking?: HintKind;
  /** What has to happen first, and the id of the element that says so. */
  first?: { words: string; id: string };
  ask: () => void;
}

/** One kind of hint: what it does, how many are left, or why it is not to be had now. */
export function KindItem({ kind, shelf, facts, asking, first, ask }: KindProps): JSX.Element {
  const id = React.useId();
  const { title, does } = KIND[kind];
  const reason = refusal(kind, shelf, facts);
  const refused = reason ?? first?.words;
  const left = quotaWords(kind, shelf);
  const press = (): void => {
    if (refused) {
      announce(refused);
    } else if (!asking) {
      ask();
    }
  };
  return (
    <li className="caseloop-Kind" data-caseloop="hint-kind" data-kind={kind} data-left={left || undefined}>
      <Button
        name="ask-hint"
        aria-disabled={refused !== undefined || undefined}
        aria-describedby={first && !reason ? `${id} ${first.id}` : id}
        aria-label={`${title} hint`}
        onClick={press}
      >
        {asking === kind ? 'Asking…' : title}
      </Button>
      <span id={id}>
        {does}
        {reason ? (
          <span className="caseloop-Reason" data-caseloop="hint-refused">
            {' '}
            {reason}
          </span>
        ) : (
          left && <span className="caseloop-mod-quiet"> {left}.</span>
        )}
      </span>
    </li>
  );
}
