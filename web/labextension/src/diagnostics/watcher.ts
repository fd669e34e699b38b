import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Diagnostic } from '@codemirror/lint';
import type { EditorView } from '@codemirror/view';
import { isLocked } from '../case/cells';
import { wireCell } from '../case/notebook-cells';
import type { CellMarks } from '../editors/registry';
import type { Position, Problem } from './checker';
import type { CellSource } from './module';
import type { DiagnosticsService } from './service';

/** Milliseconds without a key press before the notebook is checked again. */
const PAUSE = 250;

/** Checks one notebook after each pause in editing and shows what it finds. */
export class NotebookWatcher {
  private timer = 0;
  private last = '';
  private busy = false;
  private again = false;
  private off = false;

  /** `wanted`: whether this notebook is to be checked; undefined while that is not known. */
  constructor(
    private readonly panel: NotebookPanel,
    private readonly service: DiagnosticsService,
    private readonly marks: CellMarks,
    private readonly wanted: () => boolean | undefined
  ) {
    panel.content.modelContentChanged.connect(this.plan, this);
    panel.disposed.connect(() => clearTimeout(this.timer));
    this.plan();
  }

  /** Whether the notebook is to be checked may have changed. */
  settled(): void {
    if (this.wanted() === false && this.last) {
      this.last = '';
      this.show([...(this.panel.content.model?.cells ?? [])].filter(cell => cell.type === 'code'));
    }
    this.plan();
  }

  private plan(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), PAUSE);
  }

  private async check(): Promise<void> {
    const model = this.panel.content.model;
    if (this.off || !model || this.panel.isDisposed || !this.wanted() || !isPython(this.panel)) {
      return;
    }
    const models = [...model.cells].filter(cell => cell.type === 'code');
    const cells = models.map(cell => ({
      id: cell.id,
      source: cell.sharedModel.getSource(),
      quiet: isLocked(wireCell(cell))
    }));
    const state = JSON.stringify(cells);
    if (state === this.last) {
      return;
    }
    if (this.busy) {
      this.again = true;
      return;
    }
    this.last = state;
    this.busy = true;
    try {
      const problems = await this.service.check(pythonVersion(this.panel), cells);
      if (this.wanted()) {
        this.show(models, cells, problems);
      }
    } catch (reason) {
      this.off = true;
      console.warn('Caseloop: no live diagnostics in this browser:', reason);
    } finally {
      this.busy = false;
    }
    if (this.again) {
      this.again = false;
      this.plan();
    }
  }

  private show(models: ICellModel[], cells?: CellSource[], problems: Problem[] = []): void {
    models.forEach((cell, index) => {
      if (cell.isDisposed || (cells && cell.sharedModel.getSource() !== cells[index].source)) {
        return; // edited meanwhile: the next check answers
      }
      const own = problems.filter(found => found.cell === cell.id);
      this.marks.setDiagnostics(cell, view => own.map(found => diagnostic(view, found)));
    });
    this.panel.node.dataset.caseloopDiagnostics = String(problems.length);
  }
}

function isPython(panel: NotebookPanel): boolean {
  const info = panel.content.model?.getMetadata('language_info') as { name?: string } | undefined;
  const kernel = panel.content.model?.getMetadata('kernelspec') as { language?: string } | undefined;
  return (info?.name ?? kernel?.language ?? 'python').toLowerCase() === 'python';
}

/** The kernel's Python as ruff names it: a newer f-string is an error only where it is one. */
function pythonVersion(panel: NotebookPanel): string {
  const info = panel.content.model?.getMetadata('language_info') as { version?: string } | undefined;
  const minor = /^3\.(\d+)/.exec(info?.version ?? '')?.[1];
  return minor ? `py3${minor}` : 'py314';
}

function diagnostic(view: EditorView, found: Problem): Diagnostic {
  const { doc } = view.state;
  const offset = ({ line, column }: Position): number =>
    line > doc.lines ? doc.length : Math.min(doc.line(line).from + column - 1, doc.line(line).to);
  let from = offset(found.from);
  let to = Math.max(from, offset(found.to));
  // an empty range (end of a line or of the cell) would be an almost invisible point: underline one character
  if (from === to && from > doc.lineAt(from).from) {
    from--;
  } else if (from === to) {
    to = Math.min(to + 1, doc.length);
  }
  return { from, to, severity: 'error', source: `Python (${found.code})`, message: found.message };
}
