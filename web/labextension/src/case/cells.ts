/** Which cell belongs to which subtask: pure functions over a notebook's cells. */
import type { Cell, Json, SubtaskView } from '../api/types';

/** A notebook cell as these functions see it. */
export type NotebookCell = Cell;

/** The subtask of the cell at `index`: its own, else that of the nearest known cell above it. */
export function subtaskAt(
  cells: readonly NotebookCell[],
  index: number,
  subtasks: readonly SubtaskView[]
): SubtaskView | undefined {
  const owner = new Map(subtasks.flatMap(view => view.cells.map(id => [id, view] as const)));
  for (let i = Math.min(index, cells.length - 1); i >= 0; i--) {
    const known = owner.get(cells[i].id);
    if (known) {
      return known;
    }
  }
  return undefined;
}

/** True for cells that the learner is not meant to edit: check cells and read-only ones. */
export function isLocked(cell: NotebookCell): boolean {
  const nbgrader = cell.metadata.nbgrader as { [key: string]: Json } | undefined;
  return typeof nbgrader === 'object' && nbgrader !== null && (nbgrader.locked === true || nbgrader.grade === true);
}

/**
 * Index of the cell beneath which a subtask's feedback is shown: its last answer cell, or, where a merge or a
 * deletion took that away, its last code cell that the learner may edit. -1 when there is none.
 */
export function homeIndex(
  cells: readonly NotebookCell[],
  subtask: SubtaskView,
  subtasks: readonly SubtaskView[]
): number {
  const answers = new Set(subtask.answer_cells);
  const known = cells.findLastIndex(cell => cell.kind === 'code' && answers.has(cell.id));
  if (known >= 0) {
    return known;
  }
  return cells.findLastIndex(
    (cell, index) => cell.kind === 'code' && !isLocked(cell) && subtaskAt(cells, index, subtasks)?.id === subtask.id
  );
}
