import * as React from 'react';
import type { Hint, HintStep } from '../api/types';
import { Button } from '../parts/elements';
import { Lines } from '../parts/prose';

const TITLES: { [step in HintStep]: string } = {
  plan: 'A plan',
  consequence: 'What happens',
  location: 'Where to look',
  example: 'A small example of something else'
};

/** Hints that a learner opens one at a time, each saying a little more. */
export function HintLadder({ ladder, opened, open }: { ladder: Hint[]; opened: number; open: () => void }): JSX.Element {
  const shown = ladder.slice(0, opened);
  const newest = React.useRef<HTMLLIElement>(null);
  const before = React.useRef(shown.length);
  React.useEffect(() => {
    // the button may have gone with the last hint: the reader goes on with what it opened
    if (shown.length > before.current) {
      newest.current?.focus();
    }
    before.current = shown.length;
  }, [shown.length]);
  return (
    <div className="caseloop-Hints" data-caseloop="hints">
      {shown.length > 0 && (
        <ol aria-label="Hints">
          {shown.map((hint, index) => (
            <li
              key={index}
              tabIndex={-1}
              ref={index === shown.length - 1 ? newest : undefined}
              data-caseloop="hint"
              data-step={hint.step}
            >
              <h4>{TITLES[hint.step]}</h4>
              {hint.step === 'example' ? (
                <pre>{hint.text}</pre>
              ) : (
                <p>
                  <Lines text={hint.text} />
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
      {shown.length < ladder.length && (
        <Button name="show-hint" onClick={open}>
          {shown.length ? 'Show another hint' : 'Show a hint'} ({shown.length + 1} of {ladder.length})
        </Button>
      )}
    </div>
  );
}
