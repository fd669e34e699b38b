/** Feedback as it is kept in a cell's metadata: saved with the notebook, moved with the cell. Pure functions. */
import type { NotebookCell } from '../case/cells';
import type { Feedback, LabFeedback, SubtaskView } from '../api/types';
import { fingerprint } from './fingerprint';

export const METADATA_KEY = 'caseloop_feedback';

export interface StoredFeedback {
  /** Id of the cell it was given for: a copy of the cell carries the metadata, but has another id. */
  cell: string;
  subtask: string;
  submission: string;
  number: number;
  checked: string;
  /** Fingerprints of the sources that were judged, by cell id: the subtask's answer cells and the marked ones. */
  sources: { [cell: string]: string };
  feedback: Feedback;
  /** How many steps of each finding's hint ladder are open. */
  opened: { [finding: string]: number };
  /** Whether a remembered answer helped, by its id. */
  rated: { [entry: string]: boolean };
}

/** What to keep of an answer, given the cells as they were sent. */
export function toStored(
  home: string,
  view: SubtaskView,
  answer: Pick<LabFeedback, 'submission' | 'number' | 'feedback'>,
  cells: readonly NotebookCell[]
): StoredFeedback {
  const judged = new Set([...view.answer_cells, home, ...marks(answer.feedback).keys()]);
  const sources: { [cell: string]: string } = {};
  for (const cell of cells) {
    if (judged.has(cell.id)) {
      sources[cell.id] = fingerprint(cell.source);
    }
  }
  return {
    cell: home,
    subtask: view.id,
    submission: answer.submission,
    number: answer.number,
    checked: new Date().toISOString(),
    sources,
    feedback: answer.feedback,
    opened: {},
    rated: {}
  };
}

/** True when code that was judged has been edited, or its cell has gone. */
export function isStale(stored: StoredFeedback, cells: readonly NotebookCell[]): boolean {
  const now = new Map(cells.map(cell => [cell.id, cell.source]));
  return Object.entries(stored.sources).some(([id, print]) => {
    const source = now.get(id);
    return source === undefined || fingerprint(source) !== print;
  });
}

/** The lines to mark, with the words for each, by cell id. */
export function marks(feedback: Feedback): Map<string, Map<number, string>> {
  const found = new Map<string, Map<number, string>>();
  const places = [
    ...feedback.warnings.map(warning => ({ place: warning.place, words: warning.message })),
    ...feedback.findings.map(finding => ({ place: finding.place, words: finding.message }))
  ];
  for (const { place, words } of places) {
    if (!place || place.line === null) {
      continue;
    }
    const lines = found.get(place.cell) ?? new Map<number, string>();
    found.set(place.cell, lines);
    // five lines are the most that one remark may mark
    const last = Math.min(place.end_line ?? place.line, place.line + 4);
    for (let line = place.line; line <= last; line++) {
      if (!lines.has(line)) {
        lines.set(line, words);
      }
    }
  }
  return found;
}

/**
 * Whether the cell at `index` shows the feedback that its metadata carry. A split leaves the id with the last
 * piece and copies the metadata, so does copying; a merge keeps the metadata and gives a new id. So the cell with
 * the id owns it; when no cell has that id any more, the first that carries it does.
 */
export function owns(cells: readonly { id: string; feedback?: { cell: string } }[], index: number): boolean {
  const stored = cells[index].feedback;
  if (!stored) {
    return false;
  }
  if (stored.cell === cells[index].id) {
    return true;
  }
  return (
    cells.every(cell => cell.id !== stored.cell) &&
    cells.findIndex(cell => cell.feedback?.cell === stored.cell) === index
  );
}
