import * as React from 'react';
import { Button } from './elements';
import { passFocus } from './focus';

interface RatingProps {
  /** Null: not rated yet. */
  helpful: boolean | null;
  rate: (helpful: boolean) => void;
}

/** Whether a hint or an answer helped. */
export function Rating({ helpful, rate }: RatingProps): JSX.Element {
  const id = React.useId();
  const answer = React.useRef<HTMLParagraphElement>(null);
  const asked = React.useRef(false);
  React.useEffect(() => {
    // the button that was pressed has gone
    if (asked.current && helpful !== null) {
      passFocus(answer.current);
    }
  }, [helpful]);
  if (helpful !== null) {
    return (
      <p className="caseloop-mod-quiet" tabIndex={-1} ref={answer} data-caseloop="rated" data-helpful={helpful}>
        {helpful ? 'You found this helpful.' : 'You found this not helpful.'}
      </p>
    );
  }
  const choose = (chosen: boolean): void => {
    asked.current = true;
    rate(chosen);
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
