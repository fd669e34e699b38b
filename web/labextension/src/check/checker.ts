import type { NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { LabFeedback, Stage, SubtaskView } from '../api/types';
import type { CaseModel } from '../case/model';
import { notebookCells } from '../case/notebook-cells';
import type { CaseNotebooks } from '../case/notebooks';
import type { NotebookCell } from '../case/cells';
import { METADATA_KEY, toStored } from '../feedback/stored';
import { announce } from '../parts/announce';
import { outcomeWords, stageWords } from './words';

/** A check that is on its way, or that failed without an answer. */
export interface CheckRun {
  panel: NotebookPanel;
  stage?: Stage;
  problem?: ApiError;
  abort: AbortController;
}

/** A check has its answer, and the notebook has it too. */
export interface Answered {
  panel: NotebookPanel;
  view: SubtaskView;
  answer: LabFeedback;
  /** Settles when the notebook has been saved with it, or could not be. */
  saved: Promise<unknown>;
}

/** Runs checks, one a subtask at a time, and puts the answer into the notebook. */
export class Checker {
  private readonly runs = new Map<string, CheckRun>();
  private readonly _changed = new Signal<this, string>(this);
  private readonly _answered = new Signal<this, Answered>(this);

  constructor(
    private readonly client: CaseloopClient,
    private readonly model: CaseModel,
    private readonly notebooks: CaseNotebooks
  ) {}

  /** Emits the subtask whose check moved. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** Emits each answer while it is being saved with the notebook. */
  get answered(): ISignal<this, Answered> {
    return this._answered;
  }

  run(subtask: string): CheckRun | undefined {
    return this.runs.get(subtask);
  }

  isRunning(subtask: string): boolean {
    const run = this.runs.get(subtask);
    return run !== undefined && run.problem === undefined;
  }

  /** Save the notebook and check one subtask. Never rejects: what went wrong is shown where the answer would be. */
  async check(panel: NotebookPanel, view: SubtaskView): Promise<void> {
    this.runs.get(view.id)?.abort.abort();
    const run: CheckRun = { panel, abort: new AbortController() };
    this.runs.set(view.id, run);
    this._changed.emit(view.id);
    announce(`Checking «${view.title}».`);
    try {
      await save(panel);
      const cells = notebookCells(panel);
      const answer = await this.ask(run, view, cells);
      this.model.progressed(answer.progress);
      this.keep(panel, view, answer, cells);
      this.finish(view.id, run);
      announce(outcomeWords(answer, view.title));
      const saved = panel.context.save();
      this._answered.emit({ panel, view, answer, saved });
      await saved;
    } catch (reason) {
      this.failed(view, run, reason);
    }
  }

  /** Stop a check, or put away what it said when it failed. */
  dismiss(subtask: string): void {
    const run = this.runs.get(subtask);
    if (run) {
      run.abort.abort();
      this.finish(subtask, run);
      if (!run.problem) {
        announce('The check was cancelled.');
        // it may have been recorded already: show what counted
        void this.model.load();
      }
    }
  }

  private async ask(run: CheckRun, view: SubtaskView, cells: NotebookCell[]): Promise<LabFeedback> {
    run.panel.disposed.connect(() => run.abort.abort());
    for await (const part of this.client.check({ subtask: view.id, cells }, run.abort.signal)) {
      if (part.kind === 'feedback') {
        return part.answer;
      }
      const moved = run.stage?.name !== part.stage.name;
      run.stage = part.stage;
      this._changed.emit(view.id);
      if (moved) {
        announce(stageWords(part.stage));
      }
    }
    throw new ApiError(503, 'service_unavailable', 'The check ended without an answer. Please check again.');
  }

  private keep(panel: NotebookPanel, view: SubtaskView, answer: LabFeedback, cells: NotebookCell[]): void {
    const home = panel.isDisposed ? undefined : this.notebooks.home(panel, view);
    home?.model.setMetadata(METADATA_KEY, toStored(home.model.id, view, answer, cells));
  }

  private failed(view: SubtaskView, run: CheckRun, reason: unknown): void {
    if (this.runs.get(view.id) !== run || run.abort.signal.aborted) {
      return; // cancelled, or overtaken by a newer check
    }
    run.problem = ApiError.from(reason);
    this._changed.emit(view.id);
    announce(run.problem.detail, true);
    this.model.noticed(run.problem);
  }

  private finish(subtask: string, run: CheckRun): void {
    if (this.runs.get(subtask) === run) {
      this.runs.delete(subtask);
      this._changed.emit(subtask);
    }
  }
}

async function save(panel: NotebookPanel): Promise<void> {
  try {
    await panel.context.save();
  } catch {
    throw new ApiError(409, 'not_saved', 'The notebook could not be saved, so nothing was checked. Save it, then check again.');
  }
}
