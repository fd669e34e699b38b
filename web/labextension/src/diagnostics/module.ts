/** A notebook's cells as one Python module. */

export interface CellSource {
  id: string;
  source: string;
  /** True: its own problems are not shown (check cells and read-only cells are not the learner's). */
  quiet?: boolean;
}

export interface CellLine {
  cell: string;
  line: number;
}

/** The cells one after another, and for each line (1-based) of the whole the cell and line it came from. */
export function join(cells: readonly CellSource[]): { text: string; rows: number; place: (row: number) => CellLine } {
  const starts: number[] = [];
  let text = '';
  let row = 1;
  for (const cell of cells) {
    starts.push(row);
    text += cell.source + '\n';
    row += cell.source.split('\n').length;
  }
  const place = (wanted: number): CellLine => {
    let low = 0;
    let high = cells.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= wanted) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { cell: cells[low].id, line: wanted - starts[low] + 1 };
  };
  return { text, rows: row - 1, place };
}
