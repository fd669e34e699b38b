import * as React from 'react';
import type { CaseloopClient } from '../api/client';
import type { SubtaskView, VersionSummary } from '../api/types';
import { VERDICTS } from '../check/words';
import { Button, Icon, Loading, Problem } from '../parts/elements';
import { faultIcon, passedIcon, workIcon } from '../parts/icons';
import { useLoaded } from '../parts/loaded';
import { moment } from '../parts/words';

const ICONS = { approved: passedIcon, needs_work: workIcon, could_not_judge: faultIcon };

interface VersionProps {
  version: VersionSummary;
  view: SubtaskView;
  client: CaseloopClient;
  restore: () => void;
}

/** One checked version: when, with what outcome, its code, and the way back to it. */
export function VersionItem({ version, view, client, restore }: VersionProps): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const { verdict, number } = version;
  return (
    <li className="caseloop-Version" data-caseloop="version" data-number={number} data-verdict={verdict ?? 'none'}>
      <p>
        <strong>Version {number}</strong> <span className="caseloop-mod-quiet">{moment(version.recorded)}</span>
      </p>
      <p className={`caseloop-State caseloop-mod-${verdict ?? 'none'}`}>
        <Icon icon={verdict ? ICONS[verdict] : faultIcon} />
        {verdict ? VERDICTS[verdict] : 'Not judged to the end'}
      </p>
      {version.headline && <p>{version.headline}</p>}
      <div className="caseloop-Buttons">
        <Button name="view-version" aria-expanded={open} aria-label={`View version ${number}`} onClick={() => setOpen(!open)}>
          {open ? 'Hide code' : 'View code'}
        </Button>
        <Button name="restore-version" aria-label={`Restore version ${number}`} onClick={restore}>
          Restore
        </Button>
      </div>
      {open && <Code submission={version.submission} view={view} client={client} />}
    </li>
  );
}

function Code({ submission, view, client }: { submission: string; view: SubtaskView; client: CaseloopClient }): JSX.Element {
  const version = useLoaded(() => client.version(submission), [submission]);
  if (version.problem) {
    return <Problem problem={version.problem} retry={version.reload} name="version-problem" />;
  }
  if (!version.value) {
    return <Loading words="Loading the code…" />;
  }
  const cells = version.value.cells.filter(cell => view.answer_cells.includes(cell.id));
  return (
    <>
      {cells.map(cell => (
        <pre key={cell.id} className="caseloop-Code" tabIndex={0} aria-label="Code of this version" data-caseloop="version-code">
          {cell.source}
        </pre>
      ))}
    </>
  );
}
