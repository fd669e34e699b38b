import { memo } from 'react';
import type { CellOutputs } from '../api/mentoring-types';
import type { Cell } from '../api/types';
import { Editor, type Marks } from '../parts/editor';
import { Markdown } from '../parts/markdown';
import { Outputs } from './outputs';

/** Longer cells are shown folded, whatever they hold: a huge one must not push everything else away. */
const FOLDED_LINES = 400;

/** Longer texts are shown as they were written. */
const RENDERED_CHARS = 20_000;

interface Props {
  cell: Cell;
  outputs?: CellOutputs;
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

/** One cell: code in an editor with what it showed, Markdown as answers are shown, all else as text. */
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
      ) : cell.kind === 'markdown' && source.length <= RENDERED_CHARS ? (
        <div className="CellMarkdown">
          <Markdown text={source} />
        </div>
      ) : (
        <pre className="CellText" tabIndex={0}>
          {source}
        </pre>
      )}
      {props.outputs && <Outputs shown={props.outputs} />}
    </details>
  );
});
