import * as React from 'react';
import type { LabReviewed } from '../api/style-types';
import { Button, Icon } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { passedIcon } from '../parts/icons';
import { Lines } from '../parts/prose';
import type { ReviewDesk } from './desk';
import { ruleWords } from './words';

interface FixedProps {
  desk: ReviewDesk;
  reviewed: LabReviewed;
  /** The remark whose fix was applied last: the button that had the focus goes with it. */
  mended?: string;
  undo: (finding: string) => void;
}

/** What was mended since the review before. */
export function FixedList({ desk, reviewed, mended, undo }: FixedProps): JSX.Element | null {
  const heading = React.useId();
  const title = React.useRef<HTMLHeadingElement>(null);
  const fixed = reviewed.fixed;
  const came = fixed.some(one => one.id === mended);
  React.useEffect(() => {
    if (came) {
      passFocus(title.current);
    }
  }, [came, mended]);
  if (!fixed.length) {
    return null;
  }
  return (
    <section className="caseloop-Fixed" aria-labelledby={heading} data-caseloop="fixed">
      <h3 id={heading} tabIndex={-1} ref={title}>
        Mended since the last review
      </h3>
      <ul>
        {fixed.map(one => (
          <li key={one.id} data-caseloop="fixed-remark" data-rule={one.rule} data-finding={one.id}>
            <Icon icon={passedIcon} />
            <div>
              <Lines text={one.message} /> <span className="caseloop-mod-quiet">{ruleWords(one)}</span>
              {desk.canUndo(one.id) && (
                <Button name="undo-fix" look="link" aria-label={`Undo the fix: ${one.message}`} onClick={() => undo(one.id)}>
                  Undo
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
