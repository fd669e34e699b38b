import type { CodeCell } from '../api/quality-types';
import { several } from '../parts/words';

interface Props {
  cells: CodeCell[];
  /** Cells that something is said about, lines or not. */
  named: (string | null)[];
}

/** A learner's cells as text, nothing of them is ever rendered. Those that nothing points at are folded. */
export function CodeCells({ cells, named }: Props) {
  if (!cells.length) {
    return <p className="dim">The notebook is empty.</p>;
  }
  const pointed = new Set(cells.filter(cell => named.includes(cell.id) || cell.lines.some(line => line.marked)));
  const open = (cell: CodeCell) => (pointed.size ? pointed.has(cell) : cell.kind === 'code');
  return (
    <div className="CodeCells">
      {cells.map((cell, index) => (
        <details key={cell.id} open={open(cell)} data-caseloop="code-cell" data-cell={cell.id} data-kind={cell.kind}>
          <summary>
            {cell.id}{' '}
            <span className="dim">
              {cell.kind === 'code' ? '' : 'text, '}
              {several(cell.lines.length + cell.left_out, 'line')}
            </span>
          </summary>
          <pre tabIndex={0} aria-label={`Cell ${index + 1}`} role="region">
            {cell.lines.map(line => (
              <span key={line.number} data-marked={line.marked}>
                <i aria-hidden="true">{line.number}</i>
                {line.text}
                {'\n'}
              </span>
            ))}
          </pre>
          {cell.left_out > 0 && <p className="dim">{several(cell.left_out, 'line')} more are not shown.</p>}
        </details>
      ))}
    </div>
  );
}
