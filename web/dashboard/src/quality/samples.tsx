import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { RunFigures, SampleLine } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { VERDICTS, several } from '../parts/words';
import { MoreSamples } from './more-samples';
import { suiteQuery } from './use-run';
import { EFFECTS, plain } from './words';

interface Props {
  figures: RunFigures;
  query: URLSearchParams;
}

/** A run's samples: all, those that miss something, or those that changed since another run. */
export function Samples({ figures, query }: Props) {
  const { client } = useDesk();
  const run = figures.id;
  const wanted = {
    case: query.get('case') ?? '',
    failed: query.get('failed') ?? '',
    against: query.get('against') ?? '',
    changed: query.get('changed') === 'yes'
  };
  const set = (values: Record<string, string>) =>
    go(address('runs', [run], { ...Object.fromEntries(query), ...values }), true);
  const others = useQuery(suiteQuery(client.quality, figures.suite));
  const samples = useInfiniteQuery({
    queryKey: ['samples', run, wanted],
    queryFn: ({ pageParam, signal }) => client.quality.samples(run, { ...wanted, after: pageParam }, signal),
    initialPageParam: 0,
    getNextPageParam: page => page.next
  });
  const items = samples.data?.pages.flatMap(page => page.items) ?? [];
  const total = samples.data?.pages[0]?.total;
  const cases = [...new Set(figures.heat.map(row => row.case))];
  return (
    <Section
      title="Samples"
      name="samples"
      aside={
        <span className="dim" role="status">
          {total === undefined ? '' : several(total, 'sample')}
        </span>
      }
    >
      <form className="Filters Pad" aria-label="Which samples" onSubmit={event => event.preventDefault()}>
        <label>
          <span>Misses something of</span>
          <select
            data-caseloop="filter-failed"
            value={wanted.failed}
            onChange={event => set({ failed: event.target.value })}
          >
            <option value="">All samples</option>
            {figures.scores.map(({ name }) => (
              <option key={name} value={name}>
                {plain(name)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Case</span>
          <select data-caseloop="filter-case" value={wanted.case} onChange={event => set({ case: event.target.value })}>
            <option value="">All cases</option>
            {cases.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          <span>Against</span>
          <select
            data-caseloop="against"
            value={wanted.against}
            onChange={event => set({ against: event.target.value, changed: event.target.value ? 'yes' : '' })}
          >
            <option value="">No other run</option>
            {others.data?.items
              .filter(({ id }) => id !== run)
              .map(({ id, accepted }) => (
                <option key={id} value={id}>
                  {accepted ? `${id} (accepted)` : id}
                </option>
              ))}
          </select>
        </label>
        {wanted.against && (
          <label className="Check">
            <input
              type="checkbox"
              data-caseloop="changed-only"
              checked={wanted.changed}
              onChange={event => set({ changed: event.target.checked ? 'yes' : '' })}
            />
            Changed only
          </label>
        )}
      </form>
      {samples.isPending && (
        <div className="Pad">
          <Loading what="the samples" />
        </div>
      )}
      {samples.isError && <Problem reason={samples.error} retry={() => void samples.refetch()} />}
      {total === 0 && <p className="Pad dim">No sample is like that.</p>}
      {items.length > 0 && <SampleTable run={run} against={wanted.against} items={items} />}
      <MoreSamples samples={samples} />
    </Section>
  );
}

interface TableProps {
  run: string;
  against: string;
  items: SampleLine[];
}

export function SampleTable({ run, against, items }: TableProps) {
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Samples">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">Sample</th>
            <th scope="col">From</th>
            <th scope="col">Expected</th>
            <th scope="col">Given</th>
            <th scope="col">Misses something of</th>
            {against && <th scope="col">Change</th>}
          </tr>
        </thead>
        <tbody>
          {items.map(line => (
            <tr key={line.id} data-caseloop="sample-row" data-sample={line.id} data-effect={line.effect ?? ''}>
              <th scope="row" className="Wraps">
                <a href={address('runs', [run, 'sample'], { id: line.id, against })}>{line.id}</a>
                {line.contaminated && <span className="Pill is-warm">contaminated</span>}
              </th>
              <td className="dim">{line.source}</td>
              <td>{line.expected ? VERDICTS[line.expected] : <span className="dim">not known</span>}</td>
              <td>
                <Given line={line} />
              </td>
              <td className="Wraps">
                <Missed scores={line.scores} />
              </td>
              {against && (
                <td>
                  {line.effect ? (
                    <span className="Pill" data-change={line.effect}>
                      {EFFECTS[line.effect]}
                    </span>
                  ) : (
                    <span className="dim">not in both</span>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Given({ line }: { line: SampleLine }) {
  if (!line.verdict) {
    return <span className="Pill is-bad">No answer</span>;
  }
  const wrong = line.expected !== null && line.expected !== line.verdict;
  return (
    <span className={`Pill ${wrong ? 'is-bad' : ''}`} data-verdict={wrong ? undefined : line.verdict}>
      {VERDICTS[line.verdict]}
    </span>
  );
}

function Missed({ scores }: { scores: SampleLine['scores'] }) {
  const known = Object.entries(scores).filter(([, value]) => value !== null);
  const missed = known.filter(([, value]) => value! < 1);
  if (!known.length) {
    return <span className="dim">not scored</span>;
  }
  if (!missed.length) {
    return <span className="dim">nothing</span>;
  }
  return <span>{missed.map(([name]) => plain(name)).join(', ')}</span>;
}
