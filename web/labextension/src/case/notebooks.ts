import { PageConfig } from '@jupyterlab/coreutils';
import { CodeCell } from '@jupyterlab/cells';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Place, SubtaskView } from '../api/types';
import { announce } from '../parts/announce';
import { homeIndex, subtaskAt } from './cells';
import type { CaseModel } from './model';
import { notebookCells } from './notebook-cells';
import { serializeSaves } from './saving';

/** The case's notebook in JupyterLab: where it is open, which of its cells belong to which subtask. */
export class CaseNotebooks {
  /** Path of the case's notebook; empty in a JupyterLab outside Caseloop. */
  readonly path = PageConfig.getOption('caseloopNotebook');
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly documents: IDocumentManager,
    private readonly model: CaseModel
  ) {
    const changed = (): void => this._changed.emit();
    tracker.currentChanged.connect(changed);
    tracker.activeCellChanged.connect(changed);
    tracker.forEach(panel => serializeSaves(panel.context));
    tracker.widgetAdded.connect((_, panel) => {
      serializeSaves(panel.context);
      void panel.context.ready.then(changed);
      panel.disposed.connect(changed);
    });
  }

  /** Another notebook or another cell is current. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether a notebook is the case's own, or a copy of it that still has its answer cells. */
  isCase(panel: NotebookPanel): boolean {
    if (!this.path || panel.isDisposed || !panel.content.model) {
      return false;
    }
    const answers = new Set(this.model.views.flatMap(view => view.answer_cells));
    return panel.context.path === this.path || [...panel.content.model.cells].some(cell => answers.has(cell.id));
  }

  /** The case's notebook that is open: the current one before others. */
  get panel(): NotebookPanel | undefined {
    const current = this.tracker.currentWidget;
    return current && this.isCase(current) ? current : this.tracker.find(panel => this.isCase(panel));
  }

  /** The subtask of the active cell. */
  get activeSubtask(): SubtaskView | undefined {
    const panel = this.tracker.currentWidget;
    return panel && this.isCase(panel)
      ? subtaskAt(notebookCells(panel), panel.content.activeCellIndex, this.model.views)
      : undefined;
  }

  /** Whether the active cell is one that a subtask is answered in. */
  get atAnswer(): boolean {
    const view = this.activeSubtask;
    const panel = this.tracker.currentWidget;
    const id = panel?.content.activeCell?.model.id;
    return !!view && !!panel && !!id && (view.answer_cells.includes(id) || this.home(panel, view)?.model.id === id);
  }

  /** The cell beneath which a subtask's feedback is shown. */
  home(panel: NotebookPanel, view: SubtaskView): CodeCell | undefined {
    const cell = panel.content.widgets[homeIndex(notebookCells(panel), view, this.model.views)];
    return cell instanceof CodeCell ? cell : undefined;
  }

  /** The case's notebook, opened if it is not. */
  async open(): Promise<NotebookPanel> {
    const panel = this.panel ?? (this.documents.openOrReveal(this.path) as NotebookPanel | undefined);
    if (!panel) {
      throw new Error(`${this.path} cannot be opened.`);
    }
    await panel.context.ready;
    return panel;
  }

  /** Show a subtask's answer cell and make it current. */
  async showSubtask(view: SubtaskView): Promise<void> {
    const panel = await this.open();
    const home = this.home(panel, view);
    const first = notebookCells(panel).findIndex(cell => view.cells.includes(cell.id));
    const index = home ? panel.content.widgets.indexOf(home) : first;
    if (index < 0) {
      announce(`The cells of «${view.title}» are no longer in the notebook.`, true);
      return;
    }
    await this.reveal(panel, index);
    panel.content.mode = 'command';
    panel.content.activeCell?.node.focus({ preventScroll: true });
  }

  /** Show a place and put the cursor there. */
  async showPlace(place: Place, within?: NotebookPanel): Promise<void> {
    const panel = within ?? (await this.open());
    const index = panel.content.widgets.findIndex(cell => cell.model.id === place.cell);
    if (index < 0) {
      announce('That cell is no longer in the notebook.', true);
      return;
    }
    await this.reveal(panel, index);
    const cell = panel.content.widgets[index];
    await cell.ready;
    panel.content.mode = 'edit';
    if (cell.editor) {
      const line = Math.min((place.line ?? 1) - 1, cell.editor.lineCount - 1);
      cell.editor.setCursorPosition({ line, column: 0 });
      cell.editor.revealPosition({ line, column: 0 });
      cell.editor.focus();
    }
  }

  private async reveal(panel: NotebookPanel, index: number): Promise<void> {
    this.documents.openOrReveal(panel.context.path);
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    try {
      await panel.content.scrollToItem(index, 'smart');
    } catch {
      // JupyterLab gives a scroll up when another one begins; whoever asked for that one sees its place
    }
  }
}
