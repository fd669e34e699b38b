import * as React from 'react';
import type { LabReviewed, LintFinding } from '../api/style-types';
import { Button } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { plural } from '../parts/words';
import type { ReviewDesk } from './desk';
import { ReviewItem } from './review-item';
import { openFindings } from './standing';

interface ListProps {
  desk: ReviewDesk;
  reviewed: LabReviewed;
  /** False: the fix no longer fits. */
  apply: (finding: LintFinding) => boolean;
  show: (finding: LintFinding) => void;
  review: () => Promise<void>;
}

/** What matters most, and the rest on demand. */
export function RemarkList({ desk, reviewed, apply, show, review }: ListProps): JSX.Element | null {
  const [all, setAll] = React.useState(false);
  const list = React.useRef<HTMLOListElement>(null);
  const { first, dropped } = reviewed.report;
  const open = openFindings(reviewed);
  const shown = all ? open : open.slice(0, first);
  const rest = open.length - shown.length;
  React.useEffect(() => {
    if (all) {
      list.current?.querySelectorAll<HTMLElement>('[data-caseloop="remark-title"]')[first]?.focus();
    }
  }, [all]);
  if (!open.length) {
    return null;
  }
  return (
    <>
      {rest > 0 && (
        <p className="caseloop-mod-quiet" data-caseloop="most-important">
          The {first} that matter most of {plural(open.length, 'remark')}:
        </p>
      )}
      <ol className="caseloop-Review" aria-label="Remarks" ref={list}>
        {shown.map(finding => (
          <ReviewItem
            key={finding.id}
            finding={finding}
            desk={desk}
            apply={() => apply(finding)}
            show={() => show(finding)}
            review={review}
            next={form => passFocus(list.current?.querySelector('[data-caseloop="remark-title"]'), form)}
          />
        ))}
      </ol>
      {rest > 0 && (
        <Button name="show-rest" look="link" onClick={() => setAll(true)}>
          Show {rest === 1 ? 'the other remark' : `the other ${rest} remarks`}
        </Button>
      )}
      {dropped > 0 && rest === 0 && (
        <p className="caseloop-mod-quiet">{plural(dropped, 'less important remark')} not shown.</p>
      )}
    </>
  );
}
