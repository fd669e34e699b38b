import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CaseProblem, UploadStep, UploadView } from '../api/authoring-types';
import type { CaseReport } from '../api/report-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { useTitle } from '../app/use-title';
import { Loading, Problem } from '../parts/notice';
import { several } from '../parts/words';
import { ProblemTable } from './problem-table';
import { Report } from './report';
import { useSteps } from './use-steps';
import { type Line, UPLOAD_STATES, linesOf, logOf, short } from './words';

const UNDER_WAY = new Set(['receiving', 'waiting', 'working']);

export default function UploadPage({ id }: { id: string }) {
  const { client } = useDesk();
  const upload = useQuery({ queryKey: ['upload', id], queryFn: () => client.authoring.upload(id) });
  const { steps, reason } = useSteps(id);
  useTitle(upload.data ? `Upload of ${upload.data.name}` : 'Upload');
  if (upload.isPending) {
    return <Loading what="the upload" />;
  }
  if (upload.isError) {
    return (
      <div className="Page">
        <Problem reason={upload.error} retry={() => void upload.refetch()} />
      </div>
    );
  }
  const view = upload.data;
  const going = UNDER_WAY.has(view.state);
  const end = steps.map(({ step }) => step).find(step => ENDS.has(String(step.kind)));
  const problems = problemsOf(end);
  const report = steps.find(({ step }) => step.kind === 'report')?.step.report as unknown as CaseReport | undefined;
  return (
    <div className="Page is-narrow" data-caseloop="upload" data-state={view.state}>
      <a className="Back" href={address('cases')}>
        ‹ Cases
      </a>
      <header className="Page-head">
        <div>
          <h1>{view.name}</h1>
          <p className="dim" role="status" data-caseloop="upload-state">
            {UPLOAD_STATES[view.state]}
          </p>
        </div>
      </header>
      {reason && <Problem reason={reason} />}
      <Steps lines={linesOf(steps, going)} going={going} />
      <BuildLog lines={logOf(steps)} />
      {view.state === 'rejected' && (
        <p className="Outcome" data-kind="bad">
          {several(problems.filter(({ level }) => level === 'error').length, 'thing')} to change before it can be
          published. Mend the case and upload it again: nothing of this upload is kept.
        </p>
      )}
      {view.state === 'failed' && (
        <p className="Outcome" data-kind="bad" role="alert">
          {view.detail} Nothing of this upload is kept.
        </p>
      )}
      {(view.state === 'checked' || view.state === 'published') && <Passed view={view} />}
      {problems.length > 0 && <ProblemTable problems={problems} />}
      {report && <Report report={report} />}
    </div>
  );
}

const ENDS = new Set(['rejected', 'passed', 'published']);

function problemsOf(step: UploadStep['step'] | undefined): CaseProblem[] {
  return ((step?.problems ?? step?.notes ?? []) as unknown) as CaseProblem[];
}

function Steps({ lines, going }: { lines: Line[]; going: boolean }) {
  return (
    <ol className="Plain UploadSteps" aria-label="Steps" data-caseloop="upload-steps">
      {lines.map((line, index) => {
        const now = going && index === lines.length - 1;
        return (
          <li key={index} data-now={now} data-kind={line.kind} data-caseloop="upload-step">
            {now ? (
              <span className="Spinner" aria-hidden="true" />
            ) : (
              <span className="UploadSteps-done" aria-hidden="true">
                {line.kind === 'again' ? '↻' : '✓'}
              </span>
            )}
            <span>{line.words}</span>
            {line.count !== undefined && (
              <span className="dim">
                {line.index} of {line.count}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function BuildLog({ lines }: { lines: string[] }) {
  if (lines.length === 0) {
    return null;
  }
  return (
    <details data-caseloop="build-log">
      <summary>What the installers said ({several(lines.length, 'line')})</summary>
      <pre className="CellText" tabIndex={0} role="region" aria-label="What the installers said">
        {lines.join('\n')}
      </pre>
    </details>
  );
}

function Passed({ view }: { view: UploadView }) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const name = view.case ?? '';
  const history = useQuery({ queryKey: ['history', name], queryFn: () => client.authoring.history(name) });
  const mine = history.data?.find(({ version }) => version === view.version);
  const current = history.data?.find(({ state }) => state === 'current');
  const publish = useMutation({
    mutationFn: () => client.authoring.publish(view.version ?? ''),
    onSuccess: async published => {
      say(`Published as number ${published.number}.`);
      await queries.invalidateQueries();
    }
  });
  if (!mine) {
    return history.isError ? <Problem reason={history.error} /> : null;
  }
  return (
    <div className="Outcome" data-kind="good" data-caseloop="passed" data-version-state={mine.state}>
      {mine.state === 'checked' ? (
        <>
          <p>
            <strong>«{mine.title}» passed everything.</strong>{' '}
            {current
              ? `Learners who begin now get number ${current.number}; those on it stay until they choose to move.`
              : 'It will be the first version that learners get.'}
          </p>
          <p className="Outcome-ways">
            <button
              type="button"
              className="Button is-primary"
              data-caseloop="publish"
              disabled={publish.isPending}
              onClick={() => publish.mutate()}
            >
              Publish
            </button>
            <a
              className="Button"
              href={address('cases', [name], current ? { before: current.version, after: mine.version } : {})}
            >
              {current ? `Compare with number ${current.number}` : 'All versions'}
            </a>
          </p>
          {publish.isError && <Problem reason={publish.error} />}
        </>
      ) : (
        <p>
          <strong>
            «{mine.title}» is published as number {mine.number}
          </strong>
          {mine.state === 'current' ? ': learners who begin now get it. ' : `; it is ${mine.state} now. `}
          <a href={address('cases', [name])}>All versions</a> <code className="dim">{short(mine.version)}</code>
        </p>
      )}
    </div>
  );
}
