import type { CodeEditor } from '@jupyterlab/codeeditor';
import { type Diagnostic, linter, setDiagnostics } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';
import { lineMarks, type MarkedLines, setMarks } from './line-marks';

type Diagnose = (view: EditorView) => Diagnostic[];

interface Wanted {
  diagnose?: Diagnose;
  marks?: MarkedLines;
  /** The text that the marks belong to: in an editor that shows another text their line numbers mean nothing. */
  marked?: string;
}

/**
 * Diagnostics and marked lines by cell model. What to show is kept here, so that a cell whose editor is made
 * later (windowed notebooks render cells when they are scrolled to) still gets it.
 */
export class CellMarks {
  private readonly views = new Map<CodeEditor.IModel, EditorView>();
  private readonly wanted = new WeakMap<CodeEditor.IModel, Wanted>();

  setDiagnostics(model: CodeEditor.IModel, diagnose: Diagnose): void {
    this.wanted.set(model, { ...this.wanted.get(model), diagnose });
    const view = this.views.get(model);
    view?.dispatch(setDiagnostics(view.state, diagnose(view)));
  }

  /** Mark these lines of the text as it is now; the marks follow their lines while the text is edited. */
  setMarks(model: CodeEditor.IModel, marks: MarkedLines): void {
    const marked = model.sharedModel.getSource();
    this.wanted.set(model, { ...this.wanted.get(model), marks, marked });
    this.views.get(model)?.dispatch({ effects: setMarks.of(marks) });
  }

  /** What every cell's editor is given once. */
  extension(model: CodeEditor.IModel): Extension {
    const follow = ViewPlugin.define(view => {
      this.views.set(model, view);
      queueMicrotask(() => this.apply(model, view)); // a view plugin may not dispatch while it is made
      return {
        destroy: () => {
          if (this.views.get(model) === view) {
            this.views.delete(model);
          }
        }
      };
    });
    return [lineMarks, linter(null, { autoPanel: false }), follow];
  }

  private apply(model: CodeEditor.IModel, view: EditorView): void {
    const wanted = this.wanted.get(model);
    if (!wanted || this.views.get(model) !== view) {
      return;
    }
    if (wanted.diagnose) {
      view.dispatch(setDiagnostics(view.state, wanted.diagnose(view)));
    }
    if (wanted.marks && wanted.marked === view.state.doc.toString()) {
      view.dispatch({ effects: setMarks.of(wanted.marks) });
    }
  }
}
