import { type UseQueryResult, useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import type { RunFigures, RunHeading } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { ago, moment } from '../parts/time';
import { several } from '../parts/words';
import { IntervalBar } from './interval';
import { RunState } from './run-state';
import { figuresQuery } from './use-run';
import { plain, range, share } from './words';

const PART = 20;

export default function RunsPage({ route: { query } }: { route: Route }) {
  useTitle('Runs');
  const { client } = useDesk();
  const suite = query.get('suite') ?? '';
  const score = query.get('score') ?? 'verdict';
  const set = (name: string, value: string) =>
    go(address('runs', [], { ...Object.fromEntries(query), [name]: value }), true);
  const [chosen, setChosen] = useState<string[]>([]);
  const runs = useInfiniteQuery({
    queryKey: ['runs', suite],
    queryFn: ({ pageParam }) => client.quality.runs({ suite, after: pageParam, limit: PART }),
    initialPageParam: 0,
    getNextPageParam: page => page.next
  });
  const items = runs.data?.pages.flatMap(page => page.items) ?? [];
  const figures = useQueries({ queries: items.map(run => figuresQuery(client.quality, run.id)) });
  const names = [...new Set(figures.flatMap(({ data }) => data?.scores.map(({ name }) => name) ?? []))];
  const first = runs.data?.pages[0];
  const choose = (run: string) =>
    setChosen(before => (before.includes(run) ? before.filter(one => one !== run) : [...before, run].slice(-2)));
  const [later, earlier] = items.filter(({ id }) => chosen.includes(id));
  return (
    <div className="Page" data-caseloop="runs">
      <header className="Page-head">
        <div>
          <h1>Runs</h1>
          <p className="dim" role="status">
            {first ? several(first.total, 'run') : ' '}
          </p>
        </div>
        <form className="Filters" aria-label="Which runs" onSubmit={event => event.preventDefault()}>
          <label>
            <span>Suite</span>
            <select data-caseloop="filter-suite" value={suite} onChange={event => set('suite', event.target.value)}>
              <option value="">All suites</option>
              {first?.suites.map(name => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            <span>Score</span>
            <select data-caseloop="pick-score" value={score} onChange={event => set('score', event.target.value)}>
              {[...new Set([score, ...names])].map(name => (
                <option key={name} value={name}>
                  {plain(name)}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            className="Button is-primary"
            data-caseloop="compare-chosen"
            disabled={!later || !earlier}
            onClick={() => go(address('compare', [], { before: earlier!.id, after: later!.id }))}
          >
            Compare two
          </button>
        </form>
      </header>
      {runs.isPending && <Loading what="the runs" />}
      {runs.isError && <Problem reason={runs.error} retry={() => void runs.refetch()} />}
      {first?.total === 0 && (
        <Empty title="No run yet">
          <code>caseloop eval run SUITE</code> answers and scores a suite; its run is found here.
        </Empty>
      )}
      {items.length > 0 && (
        <div className="TableScroll" tabIndex={0} role="region" aria-label="Runs">
          <table className="Table">
            <thead>
              <tr>
                <th scope="col">
                  <span className="sr">Compare</span>
                </th>
                <th scope="col">Run</th>
                <th scope="col">State</th>
                <th scope="col" className="number">
                  Samples
                </th>
                <th scope="col" colSpan={2}>
                  {plain(score)}, with its 95% interval
                </th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {items.map((run, index) => (
                <Row
                  key={run.id}
                  run={run}
                  figures={figures[index]!}
                  score={score}
                  chosen={chosen.includes(run.id)}
                  choose={() => choose(run.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {runs.hasNextPage && (
        <button
          type="button"
          className="Button More"
          data-caseloop="more"
          disabled={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          More runs
        </button>
      )}
    </div>
  );
}

interface RowProps {
  run: RunHeading;
  figures: UseQueryResult<RunFigures>;
  score: string;
  chosen: boolean;
  choose: () => void;
}

function Row({ run, figures, score, chosen, choose }: RowProps) {
  const value = figures.data?.scores.find(({ name }) => name === score)?.value;
  return (
    <tr data-caseloop="run-row" data-run={run.id}>
      <td>
        <input
          type="checkbox"
          data-caseloop="choose-run"
          aria-label={`Compare ${run.id}`}
          checked={chosen}
          onChange={choose}
        />
      </td>
      <th scope="row">
        <a href={address('runs', [run.id])} data-caseloop="open-run">
          {run.id}
        </a>
      </th>
      <td>
        <RunState run={run} />
      </td>
      <td className="number">{run.samples}</td>
      <td>{value ? <IntervalBar value={value} /> : null}</td>
      <td className="Wraps">
        {value ? (
          <>
            <strong>{share(value.mean)}</strong> <span className="dim">{range(value)}</span>
          </>
        ) : (
          <span className="dim">{figures.isPending ? 'being computed …' : figures.isError ? figures.error.message : 'not scored'}</span>
        )}
      </td>
      <td title={moment(run.started)}>{ago(run.started)}</td>
    </tr>
  );
}
