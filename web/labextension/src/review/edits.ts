/** A fix's edits as places in a cell's text. Pure functions. */
import type { TextEdit } from '../api/style-types';

/** Replace the text between two offsets (UTF-16 units, as editors count). */
export interface Change {
  from: number;
  to: number;
  text: string;
}

/**
 * The changes that edits of one cell make to its source, last first, so that each fits what the ones before it left.
 * Undefined when an edit lies outside the text or over another: then it was made for another text.
 */
export function changesOf(source: string, edits: readonly TextEdit[]): Change[] | undefined {
  const lines = source.split('\n');
  const starts = lines.reduce<number[]>((known, line) => [...known, known[known.length - 1] + line.length + 1], [0]);
  const changes: Change[] = [];
  for (const edit of edits) {
    const from = offset(lines, starts, edit.line, edit.column);
    const to = offset(lines, starts, edit.end_line, edit.end_column);
    if (from === undefined || to === undefined || to < from) {
      return undefined;
    }
    changes.push({ from, to, text: edit.text });
  }
  changes.sort((a, b) => b.from - a.from || b.to - a.to);
  const overlap = changes.some((change, index) => index > 0 && change.to > changes[index - 1].from);
  return overlap ? undefined : changes;
}

/** The source after the changes. */
export function applied(source: string, changes: readonly Change[]): string {
  return changes.reduce((text, { from, to, text: put }) => text.slice(0, from) + put + text.slice(to), source);
}

/** Edits count characters, editors UTF-16 units. The line after the last may be named at its first column. */
function offset(lines: string[], starts: number[], line: number, column: number): number | undefined {
  if (line === lines.length + 1 && column === 1) {
    return starts[lines.length] - 1;
  }
  if (line > lines.length) {
    return undefined;
  }
  const characters = [...lines[line - 1]];
  return column - 1 > characters.length
    ? undefined
    : starts[line - 1] + characters.slice(0, column - 1).join('').length;
}
