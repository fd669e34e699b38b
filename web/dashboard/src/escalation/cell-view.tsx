import { memo } from 'react';
import type { Cell } from '../api/types';
import { Editor, type Marks } from '../parts/editor';

/** Longer cells are shown folded, whatever they hold: a huge one must not push everything else away. */
const FOLDED_LINES = 400;

interface Props {
  cell: Cell;
  number: number;
  open: boolean;
  editing: boolean;
  source: string;
  marks: Marks;
  reveal: { line: number } | null;
  onChange: (cell: string, source: string) => void;
  onLine: (cell: string, line: number) => void;
  onCursor: (cell: string, line: number) => void;
}

/** One cell as its source: code in an editor, Markdown as text. Nothing of it is ever rendered. */
export const CellView = memo(function CellView(props: Props) {
  const { cell, number, source, editing, marks, reveal } = props;
  const lines = source.split('\n').length;
  const open = reveal !== null || (props.open && lines <= FOLDED_LINES);
  return (
    <details className="Cell" open={open} data-caseloop="cell" data-cell={cell.id} data-kind={cell.kind}>
      <summary>
        <span>Cell {number}</span>
        <span className="dim">
          {cell.kind === 'code' ? `${lines} ${lines === 1 ? 'line' : 'lines'}` : 'text'}
          {source !== cell.source && ' · edited by you'}
        </span>
      </summary>
      {cell.kind === 'code' ? (
        <Editor
          source={source}
          kind="code"
          label={`Code of cell ${number}`}
          readOnly={!editing}
          marks={marks}
          reveal={reveal}
          onChange={changed => props.onChange(cell.id, changed)}
          onLine={line => props.onLine(cell.id, line)}
          onCursor={line => props.onCursor(cell.id, line)}
        />
      ) : (
        <pre className="CellText" tabIndex={0}>
          {source}
        </pre>
      )}
    </details>
  );
});
