import * as React from 'react';
import type { HintView } from '../api/assisted-types';
import { Button } from '../parts/elements';

/** Whether a hint helped. It is asked of every hint, and the next one comes after the answer. */
export function Rating({ hint, rate }: { hint: HintView; rate: (helpful: boolean) => void }): JSX.Element {
  const id = React.useId();
  const answer = React.useRef<HTMLParagraphElement>(null);
  const asked = React.useRef(false);
  React.useEffect(() => {
    // the button that was pressed has gone
    if (asked.current && hint.helpful !== null) {
      answer.current?.focus();
    }
  }, [hint.helpful]);
  if (hint.helpful !== null) {
    return (
      <p className="caseloop-mod-quiet" tabIndex={-1} ref={answer} data-caseloop="rated" data-helpful={hint.helpful}>
        {hint.helpful ? 'You found this helpful.' : 'You found this not helpful.'}
      </p>
    );
  }
  const choose = (helpful: boolean): void => {
    asked.current = true;
    rate(helpful);
  };
  return (
    <div className="caseloop-Rating" role="group" aria-labelledby={id} data-caseloop="rating">
      <span id={id}>Did this help?</span>
      <Button name="helpful" onClick={() => choose(true)}>
        Helpful
      </Button>
      <Button name="not-helpful" onClick={() => choose(false)}>
        Not helpful
      </Button>
    </div>
  );
}
