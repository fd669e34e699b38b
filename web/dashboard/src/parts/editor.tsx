import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { type Extension, Compartment, EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { editorLook } from './editor-theme';
import { lineMarks, setLineMarks } from './line-marks';

export interface Marks {
  /** Line -> what is said about it. */
  marked: Record<number, string>;
  commented: number[];
  /** The line that is worked in, in a replay. */
  active?: number;
}

interface Props {
  source: string;
  kind: string;
  label: string;
  readOnly: boolean;
  marks?: Marks;
  /** Reveals a line; a new object reveals again. */
  reveal?: { line: number } | null;
  /** More of the editor: a difference. Fixed for the life of the editor. */
  extensions?: Extension;
  onChange?: (source: string) => void;
  /** A line number was pressed. */
  onLine?: (line: number) => void;
  onCursor?: (line: number) => void;
}

/** Code in a shadow root: the page's styles and the editor's own, which it makes as it runs, cannot meet. */
export function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const readOnly = useRef(new Compartment());

  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' });
    const { kind, label, extensions } = latest.current;
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: latest.current.source,
        extensions: [
          lineNumbers({ domEventHandlers: { mousedown: (at, line) => pressed(at, line.from, latest.current) } }),
          lineMarks,
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          kind === 'code' ? python() : [],
          editorLook,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          readOnly.current.of(EditorState.readOnly.of(latest.current.readOnly)),
          EditorView.updateListener.of(update => {
            if (update.docChanged && !latest.current.readOnly) {
              latest.current.onChange?.(update.state.doc.toString());
            }
            if (update.selectionSet) {
              latest.current.onCursor?.(update.state.doc.lineAt(update.state.selection.main.head).number);
            }
          }),
          extensions ?? []
        ]
      })
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);

  const { source, marks, reveal } = props;
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== source) {
      editor.dispatch({ changes: change(editor.state.doc.toString(), source) });
    }
  }, [source]);
  useEffect(() => {
    view.current?.dispatch({ effects: readOnly.current.reconfigure(EditorState.readOnly.of(props.readOnly)) });
  }, [props.readOnly]);
  useEffect(() => {
    view.current?.dispatch({ effects: setLineMarks.of(marks ?? { marked: {}, commented: [] }) });
  }, [marks, source]);
  useEffect(() => {
    const editor = view.current;
    if (editor && reveal) {
      const line = editor.state.doc.line(Math.min(Math.max(reveal.line, 1), editor.state.doc.lines));
      editor.dispatch({
        selection: { anchor: line.from },
        effects: EditorView.scrollIntoView(line.from, { y: 'center' })
      });
      editor.focus();
      host.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [reveal]);

  return <div className="Editor" ref={host} data-caseloop="editor" data-read-only={props.readOnly} />;
}

function pressed(editor: EditorView, at: number, props: Props): boolean {
  const line = editor.state.doc.lineAt(at);
  editor.dispatch({ selection: { anchor: line.from } });
  props.onLine?.(line.number);
  return props.onLine !== undefined;
}

/** The one stretch that differs: replacing more would lose the scroll position and the marks. */
export function change(before: string, after: string): { from: number; to: number; insert: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) {
    from += 1;
  }
  let tail = 0;
  while (tail < most - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail += 1;
  }
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}
