import * as React from 'react';
import type { LabSubtask, LintReport } from '../api/types';
import { notebookCells } from '../case/notebook-cells';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { announce } from '../parts/announce';
import { Button, Icon, Loading, Problem } from '../parts/elements';
import { noteIcon, passedIcon } from '../parts/icons';
import { useLoaded } from '../parts/loaded';
import { plural } from '../parts/words';
import { ReviewItem } from './review-item';

/** The style review of an approved step. */
export function ReviewView({ subtask, services }: { subtask: LabSubtask; services: PanelServices }): JSX.Element {
  const { client, model, notebooks, place } = services;
  const review = useLoaded(async () => {
    const panel = await notebooks.open();
    const { report, progress } = await client.review({ subtask: subtask.view.id, cells: notebookCells(panel) });
    model.progressed(progress);
    announce(report.findings.length ? `${plural(report.findings.length, 'remark')}.` : 'No remarks: this is clean.');
    return report;
  }, [subtask.view.id]);
  const report = review.value;
  return (
    <Subview title="Style review" subtitle={subtask.view.title} name="review-view" place={place}>
      {review.loading && <Loading words="Reading your code…" />}
      {review.problem && <Problem problem={review.problem} retry={review.reload} name="review-problem" />}
      {report && !review.loading && (
        <>
          <Findings report={report} services={services} />
          <Unfinished report={report} />
          <Button name="review-again" onClick={review.reload}>
            Review again
          </Button>
        </>
      )}
    </Subview>
  );
}

function Findings({ report, services }: { report: LintReport; services: PanelServices }): JSX.Element {
  if (!report.findings.length) {
    return (
      <p className="caseloop-Notice caseloop-mod-good" data-caseloop="review-clean">
        <Icon icon={passedIcon} />
        Nothing to remark: your code is polished.
      </p>
    );
  }
  return (
    <>
      <ol className="caseloop-Review" aria-label="Remarks">
        {report.findings.map((finding, index) => (
          <ReviewItem key={index} finding={finding} show={() => void services.notebooks.showPlace(finding.place)} />
        ))}
      </ol>
      {report.dropped > 0 && (
        <p className="caseloop-mod-quiet">{plural(report.dropped, 'less important remark')} not shown.</p>
      )}
    </>
  );
}

/** Tools that did not finish: the review is not complete, and says so. */
function Unfinished({ report }: { report: LintReport }): JSX.Element | null {
  const tools = report.tools.filter(tool => tool.status !== 'ok').map(tool => tool.tool);
  return tools.length ? (
    <p className="caseloop-Notice" data-caseloop="review-incomplete">
      <Icon icon={noteIcon} />
      Not complete: {tools.join(', ')} did not finish. Review again for the rest.
    </p>
  ) : null;
}
