import * as React from 'react';
import type { LintFinding } from '../api/style-types';
import { Button, Icon, PlaceButton } from '../parts/elements';
import { faultIcon } from '../parts/icons';
import { Lines } from '../parts/prose';
import type { ReviewDesk } from './desk';
import { DismissForm } from './dismiss-form';
import { CATEGORIES, ruleWords, SEVERITIES } from './words';

interface ItemProps {
  finding: LintFinding;
  desk: ReviewDesk;
  apply: () => boolean;
  show: () => void;
  review: () => Promise<void>;
  /** Give the focus to a remark that is still there: this one goes, and its form. */
  next: (form: HTMLElement | null) => void;
}

/** One remark: what, why it matters, the rule it comes from, and what can be done about it. */
export function ReviewItem({ finding, desk, apply, show, review, next }: ItemProps): JSX.Element {
  const title = React.useId();
  const [refused, setRefused] = React.useState<number>();
  const [asking, setAsking] = React.useState(false);
  const button = React.useRef<HTMLDivElement>(null);
  const waits = desk.loading || desk.busy || undefined;
  const close = (): void => {
    setAsking(false);
    button.current?.querySelector<HTMLElement>('[data-caseloop="dismiss"]')?.focus();
  };
  return (
    <li
      className={`caseloop-Remark caseloop-mod-${finding.severity}`}
      aria-labelledby={title}
      data-caseloop="remark"
      data-rule={finding.rule}
      data-finding={finding.id}
    >
      <h3 id={title} tabIndex={-1} data-caseloop="remark-title">
        <span className="caseloop-RemarkKind">
          {SEVERITIES[finding.severity]} · {CATEGORIES[finding.category] ?? finding.category}
        </span>
        <Lines text={finding.message} />
      </h3>
      <p className="caseloop-Why">
        <Lines text={finding.why} />
      </p>
      <p className="caseloop-RemarkLinks">
        <PlaceButton line={finding.place.line} onClick={show} />
        <Rule finding={finding} />
      </p>
      <div className="caseloop-Buttons" ref={button}>
        {finding.fix && (
          <Button
            name="apply-fix"
            aria-disabled={waits}
            title={finding.fix.title}
            onClick={() => !waits && setRefused(apply() ? undefined : desk.round)}
          >
            Apply fix<span className="caseloop-hidden">: {finding.fix.title}</span>
          </Button>
        )}
        <Button name="dismiss" look="link" aria-expanded={asking} onClick={() => setAsking(!asking)}>
          Leave as it is…
        </Button>
      </div>
      {finding.fix && (
        <p className="caseloop-mod-quiet" data-caseloop="fix-title">
          Safe fix: <Lines text={finding.fix.title} />
        </p>
      )}
      {refused === desk.round && (
        <div className="caseloop-Notice caseloop-mod-problem" role="alert" data-caseloop="fix-refused">
          <Icon icon={faultIcon} />
          <div>
            <p>The cell has changed since this review, so the fix no longer fits. Nothing was changed.</p>
            <Button name="review-again" onClick={() => void review()}>
              Review again
            </Button>
          </div>
        </div>
      )}
      {asking && <DismissForm finding={finding.id} desk={desk} close={close} gone={next} />}
    </li>
  );
}

function Rule({ finding }: { finding: LintFinding }): JSX.Element {
  const words = ruleWords(finding);
  const title = finding.also.length ? `Also said by ${finding.also.join(', ')}` : undefined;
  return finding.url?.startsWith('https://') ? (
    <a href={finding.url} target="_blank" rel="noreferrer noopener" title={title} data-caseloop="rule">
      {words}
      <span className="caseloop-hidden"> (opens in a new tab)</span>
    </a>
  ) : (
    <span className="caseloop-mod-quiet" title={title} data-caseloop="rule">
      {words}
    </span>
  );
}
