import { RangeSetBuilder, StateEffect, StateField, type EditorState } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';

/** Line number (1-based) -> the words for it. */
export type MarkedLines = ReadonlyMap<number, string>;

/** Replaces all marks of an editor. */
export const setMarks = StateEffect.define<MarkedLines>();

function decorate(state: EditorState, marks: MarkedLines): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const line of [...marks.keys()].sort((a, b) => a - b)) {
    if (line > state.doc.lines) {
      break;
    }
    const words = marks.get(line)!;
    const attributes = { title: words, 'aria-description': `Feedback: ${words}`, 'data-caseloop': 'marked-line' };
    const start = state.doc.line(line).from;
    builder.add(start, start, Decoration.line({ class: 'caseloop-marked', attributes }));
  }
  return builder.finish();
}

/** The marked lines of one editor; they follow their text while the learner edits. */
export const lineMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) {
        return decorate(transaction.state, effect.value);
      }
    }
    return value.map(transaction.changes);
  },
  provide: field => EditorView.decorations.from(field)
});
