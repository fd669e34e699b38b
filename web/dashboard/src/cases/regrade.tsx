import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Effect, RegradeItem, RegradeView } from '../api/authoring-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { ago } from '../parts/time';
import { VERDICTS, several } from '../parts/words';

/** Milliseconds between two looks at a preview that is being made. */
const LOOK = 1_000;
const EFFECTS: Record<Effect, string> = {
  gain: 'Better',
  loss: 'Worse, not applied',
  same: 'The same',
  unclear: 'Could not be judged'
};

interface Props {
  name: string;
  version: string;
  number: number;
}

/** Everybody's newest work judged by the current version: a preview, then in earnest. */
export function Regrade({ name, version, number }: Props) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const regrades = useQuery({
    queryKey: ['regrades', name],
    queryFn: () => client.authoring.regrades(name),
    refetchInterval: query => (query.state.data?.[0]?.state === 'running' ? LOOK : false)
  });
  const start = useMutation({
    mutationFn: () => client.authoring.startRegrade(version),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['regrades', name] })
  });
  const newest = regrades.data?.[0];
  return (
    <Section title="Judge everybody’s work again" name="regrade">
      <p className="dim">
        Runs the newest work of every learner on number {number} and shows first which verdicts would change. What was
        approved stays approved.
      </p>
      {start.isError && <Problem reason={start.error} />}
      {regrades.isError && <Problem reason={regrades.error} />}
      <p>
        <button
          type="button"
          className="Button"
          data-caseloop="start-regrade"
          disabled={start.isPending || newest?.state === 'running'}
          onClick={() => start.mutate()}
        >
          Make a preview
        </button>
      </p>
      {newest && <Preview key={newest.id} id={newest.id} />}
    </Section>
  );
}

function Preview({ id }: { id: string }) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const preview = useQuery({
    queryKey: ['regrade', id],
    queryFn: () => client.authoring.regrade(id),
    refetchInterval: query => (query.state.data?.state === 'running' ? LOOK : false)
  });
  const apply = useMutation({
    mutationFn: () => client.authoring.applyRegrade(id),
    onSuccess: async done => {
      say(`${several(done.applied ?? 0, 'verdict')} changed.`);
      await queries.invalidateQueries({ queryKey: ['regrade', id] });
    }
  });
  if (!preview.data) {
    return preview.isError ? <Problem reason={preview.error} /> : <Loading what="the preview" />;
  }
  const view = preview.data;
  return (
    <div className="Regrade" data-caseloop="regrade-preview" data-state={view.state}>
      <p role="status">{summary(view)}</p>
      {view.state === 'ready' && view.gains > 0 && (
        <p>
          <button
            type="button"
            className="Button is-primary"
            data-caseloop="apply-regrade"
            disabled={apply.isPending}
            onClick={() => apply.mutate()}
          >
            Change {several(view.gains, 'verdict')}
          </button>
        </p>
      )}
      {apply.isError && <Problem reason={apply.error} />}
      {view.changes.length > 0 && <Changed items={view.changes} />}
    </div>
  );
}

function summary(view: RegradeView): string {
  const judged = several(view.done, 'submission');
  if (view.state === 'running') {
    return `${judged} judged so far …`;
  }
  if (view.state === 'failed') {
    return view.detail;
  }
  const found = `${view.gains} better, ${view.losses} worse, ${view.unclear} could not be judged`;
  const end = view.state === 'applied' ? ` ${several(view.applied ?? 0, 'verdict')} changed.` : '';
  return `${judged} judged ${ago(view.begun)}: ${found}.${end}`;
}

function Changed({ items }: { items: RegradeItem[] }) {
  return (
    <div className="TableScroll">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">Learner</th>
            <th scope="col">Subtask</th>
            <th scope="col">Was</th>
            <th scope="col">Would be</th>
            <th scope="col">Effect</th>
          </tr>
        </thead>
        <tbody>
          {items.map(item => (
            <tr key={`${item.user} ${item.subtask}`} data-caseloop="regrade-item" data-effect={item.effect}>
              <th scope="row">{item.user}</th>
              <td>{item.subtask}</td>
              <td>
                {VERDICTS[item.before]}, {item.before_points} p.
              </td>
              <td title={item.headline}>
                {VERDICTS[item.after]}, {item.after_points} p.
              </td>
              <td>
                <span className="Pill" data-effect={item.effect}>
                  {EFFECTS[item.effect]}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
