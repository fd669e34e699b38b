import * as React from 'react';
import type { LabReviewed } from '../api/style-types';
import { announce } from '../parts/announce';
import { Button } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { Lines } from '../parts/prose';
import { moment } from '../parts/words';
import type { ReviewDesk } from './desk';
import { ruleWords } from './words';

/** Remarks that the learner left as they are, with the reasons that mentors see. */
export function DismissedList({ desk, reviewed }: { desk: ReviewDesk; reviewed: LabReviewed }): JSX.Element | null {
  const heading = React.useId();
  const title = React.useRef<HTMLHeadingElement>(null);
  const present = new Set(reviewed.report.findings.map(finding => finding.id));
  // one whose code has gone says nothing about the code as it is
  const dismissed = reviewed.dismissed.filter(one => present.has(one.finding));
  if (!dismissed.length) {
    return null;
  }
  const takeBack = async (finding: string): Promise<void> => {
    if (!desk.busy && (await desk.takeBack(finding))) {
      announce('The remark is open again.');
      passFocus(title.current);
    }
  };
  return (
    <section className="caseloop-Dismissed" aria-labelledby={heading} data-caseloop="dismissed">
      <h3 id={heading} tabIndex={-1} ref={title}>
        Left as they are ({dismissed.length})
      </h3>
      <ul>
        {dismissed.map(one => (
          <li key={one.finding} data-caseloop="dismissal" data-finding={one.finding} title={moment(one.dismissed)}>
            <p>
              <Lines text={one.message} /> <span className="caseloop-mod-quiet">{ruleWords(one)}</span>
            </p>
            <p className="caseloop-Reason">
              <span className="caseloop-hidden">Your reason: </span>«{one.reason}»
            </p>
            <Button
              name="take-back"
              look="link"
              aria-label={`Open again: ${one.message}`}
              aria-disabled={desk.busy || undefined}
              onClick={() => void takeBack(one.finding)}
            >
              Open again
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
