import { useQuery } from '@tanstack/react-query';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { Labelling } from './labelling';
import { suiteQuery } from './use-run';

export default function LabelsPage({ route: { query } }: { route: Route }) {
  useTitle('Labels');
  const { client } = useDesk();
  const runs = useQuery(suiteQuery(client.quality, undefined));
  const judged = runs.data?.items.filter(run => run.judged) ?? [];
  const run = query.get('run') ?? judged[0]?.id ?? '';
  return (
    <div className="Page is-wide" data-caseloop="labels">
      <header className="Page-head">
        <div>
          <h1>Labels</h1>
          <p className="dim">How far can the judge be trusted? Answer what it was asked.</p>
        </div>
        {judged.length > 0 && (
          <form className="Filters" aria-label="Which run" onSubmit={event => event.preventDefault()}>
            <label>
              <span>Run</span>
              <select
                data-caseloop="pick-run"
                value={run}
                onChange={event => go(address('labels', [], { run: event.target.value }), true)}
              >
                {judged.some(({ id }) => id === run) || <option>{run}</option>}
                {judged.map(({ id }) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            </label>
          </form>
        )}
      </header>
      {runs.isPending && <Loading what="the judged runs" />}
      {runs.isError && <Problem reason={runs.error} retry={() => void runs.refetch()} />}
      {runs.data && !run && (
        <Empty title="No run is judged yet">
          <code>caseloop eval judge run RUN</code> asks the configured model; what it is unsure about is found here.
        </Empty>
      )}
      {run && <Labelling key={run} run={run} />}
    </div>
  );
}
