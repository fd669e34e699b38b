import type { Marks } from '../parts/editor';
import type { LineComment } from '../api/mentoring-types';
import type { Cell, Feedback, Place } from '../api/types';

/** What feedback says about the lines of a cell, and which of them have a comment. */
export function marksOf(cell: string, feedback: Feedback, comments: readonly LineComment[]): Marks {
  const marked: Record<number, string> = {};
  const said = [
    ...feedback.findings.map(({ place, message }) => ({ place, message })),
    ...feedback.warnings
  ];
  for (const { place, message } of said) {
    if (place?.cell === cell && place.line !== null) {
      // At most 40 lines of one place: a mark over everything marks nothing.
      const end = Math.min(place.end_line ?? place.line, place.line + 39);
      for (let line = place.line; line <= end; line += 1) {
        marked[line] ??= message;
      }
    }
  }
  const commented = comments.flatMap(({ place }) => (place.cell === cell && place.line !== null ? [place.line] : []));
  return { marked, commented };
}

/** `Cell 3, line 5`. */
export function placeName({ cell, line, end_line }: Place, cells: readonly Cell[]): string {
  const number = cells.findIndex(({ id }) => id === cell) + 1;
  const where = number ? `Cell ${number}` : 'A cell that is not here';
  if (line === null) {
    return where;
  }
  return end_line !== null && end_line > line ? `${where}, lines ${line}–${end_line}` : `${where}, line ${line}`;
}

/** Cells that feedback or the reference speaks about: these are shown open. */
export function spokenOf(feedback: Feedback, others: readonly string[]): Set<string> {
  const places = [
    ...feedback.warnings.map(({ place }) => place),
    ...feedback.findings.flatMap(({ place, evidence }) => [place, ...evidence.map(fact => fact.place)])
  ];
  return new Set([...others, ...places.flatMap(place => (place ? [place.cell] : []))]);
}
