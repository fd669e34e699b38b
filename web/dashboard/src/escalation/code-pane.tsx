import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Brief } from '../api/desk-types';
import type { EscalationFull } from '../api/mentoring-types';
import { Tabs } from '../parts/tabs';
import { CellView } from './cell-view';
import { Compare } from './compare';
import type { Draft } from './draft';
import { marksOf, spokenOf } from './places';
import { Reference } from './reference';
import { RunResult, type useRun } from './run-panel';
import type { Work } from './use-work';

type Tab = 'code' | 'earlier' | 'reference';
const TABS: { name: Tab; title: string }[] = [
  { name: 'code', title: 'Code' },
  { name: 'earlier', title: 'Since earlier' },
  { name: 'reference', title: 'To the reference' }
];

interface Props {
  full: EscalationFull;
  brief: UseQueryResult<Brief>;
  work: Work;
  run: ReturnType<typeof useRun>;
  draft: Draft;
  onComment: (cell: string, line: number) => void;
}

/** The learner's code, three ways, and what a run of it says. */
export function CodePane({ full, brief, work, run, draft, onComment }: Props) {
  const [tab, setTab] = useState<Tab>('code');
  const shown = work.reveal && tab !== 'code' ? 'code' : tab;
  const { feedback } = full;
  const spoken = useMemo(() => {
    const answers = brief.data?.differences.map(({ cell }) => cell) ?? [];
    return spokenOf(feedback, [...answers, ...draft.comments.map(({ place }) => place.cell)]);
  }, [feedback, brief.data, draft.comments]);
  const marks = useMemo(
    () => new Map(full.cells.map(cell => [cell.id, marksOf(cell.id, feedback, draft.comments)])),
    [full.cells, feedback, draft.comments]
  );
  const outputs = useMemo(() => new Map(full.outputs.map(shown => [shown.cell, shown])), [full.outputs]);
  const pick = (next: Tab) => {
    work.clearReveal();
    setTab(next);
  };
  return (
    <div className="CodePane" data-caseloop="code-pane">
      <div className="CodePane-run">
        <button
          type="button"
          className="Button"
          data-caseloop="run"
          disabled={run.state.kind === 'running'}
          onClick={() => void run.run(work.current)}
        >
          Run the checks <kbd>r</kbd>
        </button>
        <label className="Check">
          <input
            type="checkbox"
            data-caseloop="edit"
            checked={work.editing}
            onChange={event => work.setEditing(event.target.checked)}
          />
          Edit a copy
        </label>
        {work.edited && (
          <button type="button" className="Button is-quiet" data-caseloop="reset-edits" onClick={work.reset}>
            Back to the learner’s
          </button>
        )}
      </div>
      <RunResult run={run} edited={work.edited} cells={full.cells} onPlace={work.show} />
      <Tabs label="The code" tabs={TABS} now={shown} onChange={pick}>
        {shown === 'code' &&
          full.cells.map((cell, index) => (
            <CellView
              key={cell.id}
              cell={cell}
              outputs={outputs.get(cell.id)}
              number={index + 1}
              open={spoken.size === 0 || spoken.has(cell.id)}
              editing={work.editing}
              source={work.current[index]!.source}
              marks={marks.get(cell.id)!}
              reveal={work.reveal?.cell === cell.id ? work.reveal : null}
              onChange={work.change}
              onLine={onComment}
              onCursor={work.moved}
            />
          ))}
        {shown === 'earlier' && <Compare id={full.item.id} submission={full.submission} cells={full.cells} />}
        {shown === 'reference' && <Reference brief={brief} cells={full.cells} />}
      </Tabs>
    </div>
  );
}
