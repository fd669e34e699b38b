import { unifiedMergeView } from '@codemirror/merge';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Cell } from '../api/types';
import { useDesk } from '../app/desk';
import { Editor } from '../parts/editor';
import { Loading, Problem } from '../parts/notice';
import { moment } from '../parts/time';
import { VERDICTS } from '../parts/words';

interface Props {
  id: string;
  submission: string;
  cells: Cell[];
}

/** How the learner's code has changed since an earlier version of theirs. */
export function Compare({ id, submission, cells }: Props) {
  const { client } = useDesk();
  const versions = useQuery({ queryKey: ['versions', id], queryFn: () => client.versions(id), staleTime: 60_000 });
  const earlier = versions.data?.filter(version => version.submission !== submission) ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const chosen = picked ?? earlier[0]?.submission ?? null;
  const version = useQuery({
    queryKey: ['version', id, chosen],
    queryFn: () => client.version(id, chosen!),
    enabled: chosen !== null,
    staleTime: Infinity
  });
  if (versions.isPending) {
    return <Loading what="earlier versions" />;
  }
  if (versions.isError) {
    return <Problem reason={versions.error} retry={() => void versions.refetch()} />;
  }
  if (chosen === null) {
    return <p className="dim Pad">This is the first version that was checked.</p>;
  }
  return (
    <div data-caseloop="compare">
      <label className="Pick">
        <span>Compare with</span>
        <select data-caseloop="pick-version" value={chosen} onChange={event => setPicked(event.target.value)}>
          {earlier.map(({ submission: other, number, recorded, verdict }) => (
            <option key={other} value={other}>
              {`Version ${number} · ${moment(recorded)}${verdict ? ` · ${VERDICTS[verdict]}` : ''}`}
            </option>
          ))}
        </select>
      </label>
      {version.isError && <Problem reason={version.error} retry={() => void version.refetch()} />}
      {version.isPending && <Loading what="that version" />}
      {version.data && <Differences before={version.data.cells} after={cells} key={chosen} />}
    </div>
  );
}

function Differences({ before, after }: { before: Cell[]; after: Cell[] }) {
  const changed = useMemo(() => changedCells(before, after), [before, after]);
  if (changed.length === 0) {
    return <p className="dim Pad">Nothing differs.</p>;
  }
  return changed.map(({ id, number, was, is }) => (
    <div key={id} className="Cell" data-caseloop="changed-cell" data-cell={id}>
      <div className="Cell-head">{number ? `Cell ${number}` : 'A cell that was removed'}</div>
      <Editor
        source={is}
        kind="code"
        label={`Changes of cell ${number ?? id}`}
        readOnly
        extensions={unifiedMergeView({
          original: was,
          mergeControls: false,
          gutter: true,
          collapseUnchanged: { margin: 3, minSize: 8 }
        })}
      />
    </div>
  ));
}

interface Changed {
  id: string;
  number: number | null;
  was: string;
  is: string;
}

export function changedCells(before: readonly Cell[], after: readonly Cell[]): Changed[] {
  const old = new Map(before.map(cell => [cell.id, cell.source]));
  const now = new Set(after.map(cell => cell.id));
  const kept = after.map((cell, index) => ({
    id: cell.id,
    number: index + 1,
    was: old.get(cell.id) ?? '',
    is: cell.source
  }));
  const gone = before
    .filter(cell => !now.has(cell.id))
    .map(cell => ({ id: cell.id, number: null, was: cell.source, is: '' }));
  return [...kept, ...gone].filter(({ was, is }) => was !== is);
}
