import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const style = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: [tags.comment], color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: 'var(--code-name)' }
]);

const theme = EditorView.theme({
  '&': { fontSize: '13px', color: 'var(--text)', background: 'transparent' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', maxHeight: '60vh' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { background: 'transparent', color: 'var(--dim)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { cursor: 'pointer', padding: '0 8px 0 12px' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'transparent' },
  '&.cm-focused .cm-activeLine': { background: 'var(--hover)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'var(--selected)'
  },
  '.marked-line': { background: 'var(--mark)', boxShadow: 'inset 3px 0 0 var(--mark-edge)' },
  '.commented-line': { boxShadow: 'inset -3px 0 0 var(--accent)' },
  '.cm-changedLine': { background: 'var(--added) !important' },
  '.cm-deletedChunk': { background: 'var(--removed) !important' },
  '.cm-changedText, .cm-deletedText': {
    background: 'none !important',
    textDecoration: 'underline 2px var(--mark-edge)',
    textUnderlineOffset: '3px'
  },
  '.cm-collapsedLines': { background: 'var(--hover)', color: 'var(--dim)' },
  '.replay-caret': { background: 'var(--selected)', boxShadow: 'inset 3px 0 0 var(--accent)' }
});

/** Colours come from the page's own variables, so light and dark need no second theme. */
export const editorLook: Extension = [theme, syntaxHighlighting(style)];
