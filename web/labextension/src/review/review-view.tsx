import * as React from 'react';
import { ReviewsApi } from '../api/reviews';
import type { LabReviewed, LintFinding } from '../api/style-types';
import type { LabSubtask } from '../api/types';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { announce } from '../parts/announce';
import { Button, Icon, Loading, Problem } from '../parts/elements';
import { noteIcon, passedIcon, workIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import { ReviewDesk } from './desk';
import { DismissedList } from './dismissed-list';
import { FixedList } from './fixed-list';
import { RemarkList } from './remark-list';
import { missingTools, outlook } from './standing';
import { outlookWords, reviewAnnouncement } from './words';

/** The style review of an approved step. */
export function ReviewView({ subtask, services }: { subtask: LabSubtask; services: PanelServices }): JSX.Element {
  const { client, model, notebooks, place, checker } = services;
  const { view } = subtask;
  const desk = React.useMemo(() => new ReviewDesk(new ReviewsApi(client), model, notebooks, view), [view.id]);
  const [mended, setMended] = React.useState<string>();
  useSignals(desk.changed, checker.changed);
  const review = React.useCallback(async (): Promise<void> => {
    const reviewed = await desk.review();
    if (reviewed) {
      announce(reviewAnnouncement(reviewed));
    }
  }, [desk]);
  React.useEffect(() => void review(), [review]);
  React.useEffect(() => {
    // code that has just been approved again may be polished now
    const answered = (_: unknown, { view: checked, answer }: { view: { id: string }; answer: { feedback: { verdict: string } } }): void => {
      if (checked.id === view.id && answer.feedback.verdict === 'approved') {
        void review();
      }
    };
    checker.answered.connect(answered);
    return () => void checker.answered.disconnect(answered);
  }, [checker, review, view.id]);
  const apply = (finding: LintFinding): boolean => {
    const fits = desk.apply(finding);
    if (fits) {
      setMended(finding.id);
      announce(`Applied: ${finding.fix?.title}.`);
      void review();
    }
    return fits;
  };
  const undo = (finding: string): void => {
    desk.undo(finding);
    setMended(undefined);
    announce('The fix was taken out again.');
    void review();
  };
  const { reviewed } = desk;
  return (
    <Subview title="Style review" subtitle={view.title} name="review-view" place={place}>
      {desk.loading && !reviewed && <Loading words="Reading your code…" />}
      {desk.problem && !desk.loading && <Problem problem={desk.problem} retry={() => void review()} name="review-problem" />}
      {reviewed && (
        <div data-caseloop="review" data-outlook={outlook(reviewed)} aria-busy={desk.loading}>
          <Outlook reviewed={reviewed} checking={checker.isRunning(view.id)} check={async () => checker.check(await notebooks.open(), view)} />
          <FixedList desk={desk} reviewed={reviewed} mended={mended} undo={undo} />
          <RemarkList desk={desk} reviewed={reviewed} apply={apply} show={found => void notebooks.showPlace(found.place)} review={review} />
          <DismissedList desk={desk} reviewed={reviewed} />
          <Button name="review-again" aria-disabled={desk.loading || undefined} onClick={() => !desk.loading && void review()}>
            {desk.loading ? 'Reading your code…' : 'Review again'}
          </Button>
        </div>
      )}
    </Subview>
  );
}

interface OutlookProps {
  reviewed: LabReviewed;
  checking: boolean;
  check: () => Promise<void>;
}

/** The first that is said: whether the step is polished, and what is still to do. */
function Outlook({ reviewed, checking, check }: OutlookProps): JSX.Element {
  const now = outlook(reviewed);
  const good = now === 'polished';
  const names = { polished: 'review-clean', incomplete: 'review-incomplete', unchecked: 'review-unchecked', open: 'review-open' };
  return (
    <>
      <div className={`caseloop-Notice${good ? ' caseloop-mod-good' : ''}`} data-caseloop={names[now]}>
        <Icon icon={good ? passedIcon : now === 'open' ? workIcon : noteIcon} />
        <div>
          <p>{outlookWords(reviewed)}</p>
          {now === 'unchecked' && (
            <Button name="check" look="primary" aria-disabled={checking || undefined} onClick={() => !checking && void check()}>
              {checking ? 'Checking…' : 'Check once more'}
            </Button>
          )}
        </div>
      </div>
      {now === 'open' && missingTools(reviewed).length > 0 && (
        <p className="caseloop-mod-quiet" data-caseloop="review-incomplete">
          Not complete: {missingTools(reviewed).join(', ')} did not finish. Review again for the rest.
        </p>
      )}
    </>
  );
}
