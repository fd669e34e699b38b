import type { CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError } from '../api/errors';
import { ReviewsApi } from '../api/reviews';
import type { LabReviewed, LintFinding, StyleStanding } from '../api/style-types';
import type { SubtaskView } from '../api/types';
import { notebookCells } from '../case/notebook-cells';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import { type Change, applied, changesOf } from './edits';

/** A fix that was put into a cell. */
interface Applied {
  cell: string;
  before: string;
  after: string;
}

/** The style review of one step: the newest answer, and what the learner does about it. */
export class ReviewDesk {
  reviewed?: LabReviewed;
  problem?: ApiError;
  loading = false;
  /** Dismissing, or taking it back, did not work. */
  refusal?: ApiError;
  busy = false;
  /** How many reviews have come: what was said about one does not hold for the next. */
  round = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly fixes = new Map<string, Applied[]>();
  private sources = new Map<string, string>();
  private turn = 0;

  constructor(
    private readonly api: ReviewsApi,
    private readonly model: CaseModel,
    private readonly notebooks: CaseNotebooks,
    readonly view: SubtaskView
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Review the notebook as it is now. Never rejects; an answer that was overtaken is dropped. */
  async review(): Promise<LabReviewed | undefined> {
    const turn = ++this.turn;
    this.loading = true;
    this._changed.emit();
    try {
      const panel = await this.notebooks.open();
      const cells = notebookCells(panel);
      const reviewed = await this.api.review({ subtask: this.view.id, cells, executions: executions(panel) });
      if (turn !== this.turn) {
        return undefined;
      }
      this.sources = new Map(cells.map(cell => [cell.id, cell.source]));
      this.reviewed = reviewed;
      this.round++;
      this.problem = this.refusal = undefined;
      this.model.progressed(reviewed.progress);
    } catch (reason) {
      if (turn !== this.turn) {
        return undefined;
      }
      this.problem = ApiError.from(reason);
      this.model.noticed(this.problem);
    }
    this.loading = false;
    this._changed.emit();
    return this.problem ? undefined : this.reviewed;
  }

  /** Put a fix into its cells, as one step to undo. False, and nothing is changed, when it no longer fits them. */
  apply(finding: LintFinding): boolean {
    const panel = this.notebooks.panel;
    const wanted = panel && this.changes(panel, finding);
    if (!wanted) {
      return false;
    }
    const made: Applied[] = [];
    for (const { cell, changes, before } of wanted) {
      const shared = cell.model.sharedModel;
      // what is typed just before a fix must not be undone with it
      (shared as { undoManager?: { stopCapturing(): void } | null }).undoManager?.stopCapturing();
      shared.transact(() => changes.forEach(({ from, to, text }) => shared.updateSource(from, to, text)));
      made.push({ cell: cell.model.id, before, after: applied(before, changes) });
    }
    this.fixes.set(finding.id, made);
    return true;
  }

  /** Whether the cells are still as a fix left them. */
  canUndo(finding: string): boolean {
    const made = this.fixes.get(finding);
    return !!made?.every(({ cell, after }) => this.cell(cell)?.model.sharedModel.getSource() === after);
  }

  /** Take a fix out again. */
  undo(finding: string): void {
    for (const { cell, before } of this.canUndo(finding) ? this.fixes.get(finding)! : []) {
      this.cell(cell)?.model.sharedModel.setSource(before);
    }
    this.fixes.delete(finding);
  }

  dismiss(finding: string, reason: string): Promise<boolean> {
    return this.decide(() => this.api.dismiss({ subtask: this.view.id, finding, reason }));
  }

  takeBack(finding: string): Promise<boolean> {
    return this.decide(() => this.api.takeBack(this.view.id, finding));
  }

  /** The learner thinks of something else: what was refused before is no longer said. */
  forgetRefusal(): void {
    this.refusal = undefined;
    this._changed.emit();
  }

  private async decide(ask: () => Promise<StyleStanding>): Promise<boolean> {
    this.busy = true;
    this.refusal = undefined;
    this._changed.emit();
    try {
      const { progress, dismissed } = await ask();
      this.reviewed = this.reviewed && { ...this.reviewed, progress, dismissed };
      this.model.progressed(progress);
    } catch (reason) {
      this.refusal = ApiError.from(reason);
      this.model.noticed(this.refusal);
    }
    this.busy = false;
    this._changed.emit();
    return !this.refusal;
  }

  private changes(panel: NotebookPanel, { fix }: LintFinding) {
    const found: { cell: CodeCell; changes: Change[]; before: string }[] = [];
    for (const id of new Set(fix?.edits.map(edit => edit.cell))) {
      const cell = this.cell(id, panel);
      const before = cell?.model.sharedModel.getSource();
      const edits = fix!.edits.filter(edit => edit.cell === id);
      const changes = before === undefined || before !== this.sources.get(id) ? undefined : changesOf(before, edits);
      if (!cell || !changes) {
        return undefined;
      }
      found.push({ cell, changes, before: before! });
    }
    return found.length ? found : undefined;
  }

  private cell(id: string, panel = this.notebooks.panel): CodeCell | undefined {
    return panel?.content.widgets.find(cell => cell.model.id === id) as CodeCell | undefined;
  }
}

/** How often each cell was run, of those that were. */
function executions(panel: NotebookPanel): { [cell: string]: number } {
  const counts: { [cell: string]: number } = {};
  for (const cell of panel.content.model?.cells ?? []) {
    const count = cell.type === 'code' ? (cell as unknown as { executionCount: number | null }).executionCount : null;
    if (count) {
      counts[cell.id] = count;
    }
  }
  return counts;
}
