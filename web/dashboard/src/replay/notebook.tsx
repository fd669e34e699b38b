import { memo, useEffect, useMemo, useRef } from 'react';
import { Editor } from '../parts/editor';
import { brief } from '../parts/time';
import type { Instant, ReplayCell } from './rebuild';
import type { Run } from './runs';

/** The notebook at an instant. Only cells that changed are drawn anew. */
export function Notebook({ instant }: { instant: Instant }) {
  return (
    <div className="Replay-notebook" data-caseloop="replay-notebook">
      {instant.cells.map((cell, index) => (
        <Cell
          key={cell.id}
          cell={cell}
          number={index + 1}
          caret={cell.id === instant.active ? (instant.caret ?? -1) : null}
        />
      ))}
    </div>
  );
}

interface Props {
  cell: ReplayCell;
  number: number;
  /** Null: worked in elsewhere; below zero: here, place unknown. */
  caret: number | null;
}

const Cell = memo(function Cell({ cell, number, caret }: Props) {
  const here = useRef<HTMLDivElement>(null);
  const active = caret !== null;
  useEffect(() => {
    if (active) {
      here.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [active]);
  const line = caret !== null && caret >= 0 ? cell.source.slice(0, caret).split('\n').length : undefined;
  const marks = useMemo(() => ({ marked: {}, commented: [], active: line }), [line]);
  return (
    <div
      className="Cell"
      ref={here}
      data-caseloop="replay-cell"
      data-cell={cell.id}
      data-active={active}
      data-ran={cell.ran?.state}
    >
      <div className="Cell-head">
        Cell {number}
        {cell.ran && (
          <span className="Pill" data-caseloop="replay-run">
            {told(cell.ran)}
          </span>
        )}
      </div>
      {cell.kind === 'code' ? (
        <Editor source={cell.source} kind="code" label={`Cell ${number}`} readOnly marks={marks} />
      ) : (
        <pre className="CellText" tabIndex={0} role="region" aria-label={`Text of cell ${number}`}>
          {cell.source}
        </pre>
      )}
    </div>
  );
});

/** `ran in 0.4 s`, `failed after 2.0 s: NameError`. */
function told({ state, error, seconds }: Run): string {
  if (state === 'running') {
    return 'running';
  }
  if (state === 'ok') {
    return seconds === null ? 'ran' : `ran in ${brief(seconds)}`;
  }
  return `failed${seconds === null ? '' : ` after ${brief(seconds)}`}${error ? `: ${error}` : ''}`;
}
