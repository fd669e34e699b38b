import { type Extension, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import type { Marks } from './editor';

export const setLineMarks = StateEffect.define<Marks>();

/** Lines that feedback is about, and lines that have a comment; told to screen readers too. */
export const lineMarks: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    const set = transaction.effects.find(effect => effect.is(setLineMarks));
    return set ? decorations(transaction.state.doc.lines, set.value, transaction.state.doc) : marks.map(transaction.changes);
  },
  provide: field => EditorView.decorations.from(field)
});

function decorations(lines: number, { marked, commented, active }: Marks, doc: { line(n: number): { from: number } }): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const wanted = new Set([...Object.keys(marked).map(Number), ...commented, ...(active ? [active] : [])]);
  for (const line of [...wanted].sort((a, b) => a - b)) {
    if (line >= 1 && line <= lines) {
      const { from } = doc.line(line);
      const said = marked[line];
      const names = [line === active && 'replay-caret', said !== undefined && 'marked-line', commented.includes(line) && 'commented-line'];
      builder.add(
        from,
        from,
        Decoration.line({
          class: names.filter(Boolean).join(' '),
          attributes: said === undefined ? {} : { title: said, 'aria-description': `Feedback: ${said}` }
        })
      );
    }
  }
  return builder.finish();
}
