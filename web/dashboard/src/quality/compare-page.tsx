import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Effect, RunComparison, RunHeading } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { ChangesTable } from './changes-table';
import { MoreSamples } from './more-samples';
import { SampleTable } from './samples';
import { suiteQuery } from './use-run';
import { EFFECTS, OUTCOMES, range, share } from './words';

/** The gravest first. */
const ORDER: Effect[] = ['broken', 'lost', 'moved', 'fixed', 'scores', 'words', 'same'];

export default function ComparePage({ route: { query } }: { route: Route }) {
  useTitle('Compare runs');
  const { client } = useDesk();
  const before = query.get('before') ?? '';
  const after = query.get('after') ?? '';
  const runs = useQuery(suiteQuery(client.quality, undefined));
  const choose = (which: string, run: string) =>
    go(address('compare', [], { before, after, [which]: run }), true);
  const both = before !== '' && after !== '';
  const comparison = useQuery({
    queryKey: ['compared', before, after],
    queryFn: () => client.quality.compare(before, after),
    enabled: both,
    staleTime: 60_000
  });
  return (
    <div className="Page" data-caseloop="compare">
      <a className="Back" href={address('runs')}>
        ‹ Runs
      </a>
      <header className="Page-head">
        <h1>Compare two runs</h1>
        <form className="Filters" aria-label="Which runs" onSubmit={event => event.preventDefault()}>
          <Choice name="before" label="Earlier" run={before} runs={runs.data?.items ?? []} choose={choose} />
          <Choice name="after" label="Later" run={after} runs={runs.data?.items ?? []} choose={choose} />
        </form>
      </header>
      {!both && <Empty title="Choose two runs">Runs of one suite have samples in common.</Empty>}
      {both && comparison.isPending && <Loading what="the comparison" />}
      {comparison.isError && <Problem reason={comparison.error} retry={() => void comparison.refetch()} />}
      {comparison.data && <Compared comparison={comparison.data} />}
    </div>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  run: string;
  runs: RunHeading[];
  choose: (which: string, run: string) => void;
}

function Choice({ name, label, run, runs, choose }: ChoiceProps) {
  const unknown = run && !runs.some(({ id }) => id === run);
  return (
    <label>
      <span>{label}</span>
      <select data-caseloop={`compare-${name}`} value={run} onChange={event => choose(name, event.target.value)}>
        <option value="">Choose …</option>
        {unknown && <option>{run}</option>}
        {runs.map(({ id, accepted }) => (
          <option key={id} value={id}>
            {accepted ? `${id} (accepted)` : id}
          </option>
        ))}
      </select>
    </label>
  );
}

function Compared({ comparison }: { comparison: RunComparison }) {
  const effects = ORDER.filter(effect => comparison.effects[effect]);
  const left = [
    [comparison.contaminated, 'contaminated'],
    [comparison.only_before, 'in the earlier run only'],
    [comparison.only_after, 'in the later run only'],
    [comparison.altered, 'asked or expected otherwise']
  ].filter(([count]) => count);
  return (
    <div className="Stack">
      <div className="GateAnswer" data-outcome={comparison.outcome} data-caseloop="outcome">
        <h2>{OUTCOMES[comparison.outcome]}</h2>
        <ul>
          {comparison.reasons.map(reason => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <p className="dim">
          {comparison.compared} samples compared
          {left.length > 0 && `; left out: ${left.map(([count, why]) => `${count} ${why}`).join(', ')}`}. Verdicts that
          changed: {share(comparison.flips.mean)} ({range(comparison.flips)}).
        </p>
      </div>
      <Section title="Scores" name="changes">
        <ChangesTable scores={comparison.scores} />
      </Section>
      <Section
        title="Samples that changed"
        name="changed-samples"
        aside={
          <span className="Pills">
            {effects.map(effect => (
              <span key={effect} className="Pill" data-change={effect}>
                {comparison.effects[effect]} {EFFECTS[effect].toLowerCase()}
              </span>
            ))}
          </span>
        }
      >
        <Changed before={comparison.before.id} after={comparison.after.id} />
      </Section>
    </div>
  );
}

function Changed({ before, after }: { before: string; after: string }) {
  const { client } = useDesk();
  const samples = useInfiniteQuery({
    queryKey: ['changed', before, after],
    queryFn: ({ pageParam, signal }) =>
      client.quality.samples(after, { against: before, changed: true, after: pageParam }, signal),
    initialPageParam: 0,
    getNextPageParam: page => page.next
  });
  if (samples.isPending) {
    return (
      <div className="Pad">
        <Loading what="the samples" />
      </div>
    );
  }
  if (samples.isError) {
    return <Problem reason={samples.error} retry={() => void samples.refetch()} />;
  }
  const items = samples.data.pages.flatMap(page => page.items);
  if (!items.length) {
    return <p className="Pad dim">Nothing changed.</p>;
  }
  return (
    <>
      <SampleTable run={after} against={before} items={items} />
      <MoreSamples samples={samples} />
    </>
  );
}
