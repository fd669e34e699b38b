import { useQuery } from '@tanstack/react-query';
import type { Change, VersionChanges } from '../api/authoring-types';
import { useDesk } from '../app/desk';
import { Loading, Problem } from '../parts/notice';
import { Unified } from '../parts/unified';
import { several } from '../parts/words';

const WHAT: Record<Change, string> = { added: 'Added', removed: 'Removed', changed: 'Changed' };

interface Props {
  name: string;
  before: string;
  after: string;
}

/** What differs between two versions, and for whom it matters. */
export function Comparison({ name, before, after }: Props) {
  const { client } = useDesk();
  const changes = useQuery({
    queryKey: ['comparison', before, after],
    queryFn: () => client.authoring.compare(name, before, after)
  });
  if (changes.isPending) {
    return <Loading what="the differences" />;
  }
  if (changes.isError) {
    return <Problem reason={changes.error} retry={() => void changes.refetch()} />;
  }
  return <Changes changes={changes.data} />;
}

function Changes({ changes }: { changes: VersionChanges }) {
  const lists: [string, string[]][] = [
    ['Data', changes.data],
    ['Requirements', changes.requirements],
    ['Settings', changes.settings]
  ];
  return (
    <div className="Changes" data-caseloop="changes">
      <p>
        {changes.subtasks.length
          ? `Work may be judged differently in ${changes.subtasks.join(', ')}. `
          : 'No subtask is judged differently. '}
        {changes.affected !== null && (
          <span data-caseloop="affected">{several(changes.affected, 'learner')} on the older one.</span>
        )}
      </p>
      {lists.map(
        ([title, lines]) =>
          lines.length > 0 && (
            <p key={title}>
              {title}: {lines.map(line => <code key={line}>{line}</code>)}
            </p>
          )
      )}
      {changes.cells.map(cell => (
        <Difference key={`cell ${cell.cell}`} title={`Cell ${cell.cell}`} what={cell.what} diff={cell.diff} />
      ))}
      {changes.checks.map(check => (
        <Difference
          key={`check ${check.check}`}
          title={`Check ${check.check} of ${check.subtask}`}
          what={check.what}
          diff={check.diff}
        />
      ))}
    </div>
  );
}

function Difference({ title, what, diff }: { title: string; what: Change; diff: string }) {
  return (
    <details data-caseloop="difference" open={diff.length < 4_000}>
      <summary>
        {title} <span className="Pill">{WHAT[what]}</span>
      </summary>
      {diff && <Unified text={diff} label={title} />}
    </details>
  );
}
