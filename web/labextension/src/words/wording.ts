import type { NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import type { LabWorded, WordsPart } from '../api/assisted-types';
import type { CaseloopClient } from '../api/client';
import type { SubtaskView } from '../api/types';
import type { AssistanceModel } from '../assistance/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Answered, Checker } from '../check/checker';
import { parseStored } from '../feedback/parse';
import { METADATA_KEY } from '../feedback/stored';
import { announce } from '../parts/announce';

/** A model putting one feedback into words. */
export interface WordingRun {
  submission: string;
  /** `rules`: the model had nothing, and the words stay as they are. */
  state: 'working' | 'model' | 'rules';
  parts: WordsPart[];
  abort: AbortController;
}

/** Asks for a model's words after a check has found work to do. The feedback is there already; nothing waits for it. */
export class Wording {
  private readonly runs = new Map<string, WordingRun>();
  private readonly _changed = new Signal<this, string>(this);

  constructor(
    private readonly client: CaseloopClient,
    private readonly notebooks: CaseNotebooks,
    private readonly assistance: AssistanceModel,
    checker: Checker
  ) {
    checker.answered.connect((_, answered) => this.answered(answered));
    checker.changed.connect((_, subtask) => {
      if (checker.isRunning(subtask)) {
        this.stop(subtask);
      }
    });
  }

  /** Emits the subtask whose words moved. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  run(submission: string): WordingRun | undefined {
    return [...this.runs.values()].find(run => run.submission === submission);
  }

  private answered(answered: Answered): void {
    const { verdict, words_by } = answered.answer.feedback;
    this.stop(answered.view.id);
    if (verdict === 'needs_work' && words_by === 'rules' && this.assistance.words && !answered.panel.isDisposed) {
      void this.word(answered);
    }
  }

  private async word({ panel, view, answer, saved }: Answered): Promise<void> {
    const { submission } = answer;
    const run: WordingRun = { submission, state: 'working', parts: [], abort: new AbortController() };
    const leave = (): void => run.abort.abort();
    this.runs.set(view.id, run);
    panel.disposed.connect(leave);
    try {
      for await (const event of this.client.words({ submission }, run.abort.signal)) {
        if (event.kind === 'worded') {
          // while the answer is being saved, nobody knows whether there is anything else to save
          await saved.catch(() => undefined);
          this.worded(panel, view, run, event.worded);
        } else {
          run.parts = [...run.parts, event];
          this._changed.emit(view.id);
        }
      }
    } catch {
      // Rules' words are there and stay: that a model was away is nothing a learner has to deal with.
      this.finish(view, run, 'rules');
    }
    panel.disposed.disconnect(leave);
  }

  private worded(panel: NotebookPanel, view: SubtaskView, run: WordingRun, { feedback }: LabWorded): void {
    if (run.abort.signal.aborted) {
      return;
    }
    if (feedback.words_by !== 'model') {
      this.finish(view, run, 'rules');
      return;
    }
    const home = this.notebooks.home(panel, view);
    const stored = home && parseStored(home.model.getMetadata(METADATA_KEY));
    if (home && stored?.submission === run.submission) {
      const clean = !panel.context.model.dirty;
      home.model.setMetadata(METADATA_KEY, { ...stored, feedback });
      if (clean) {
        // the learner changed nothing, so nothing is left to save either
        void panel.context.save().catch(() => undefined);
      }
    }
    this.finish(view, run, 'model');
    announce(`The feedback on «${view.title}» is now in a model's words.`);
    void this.assistance.load();
  }

  private finish(view: SubtaskView, run: WordingRun, state: 'model' | 'rules'): void {
    if (this.runs.get(view.id) === run && !run.abort.signal.aborted) {
      run.state = state;
      run.parts = [];
      this._changed.emit(view.id);
    }
  }

  private stop(subtask: string): void {
    this.runs.get(subtask)?.abort.abort();
    if (this.runs.delete(subtask)) {
      this._changed.emit(subtask);
    }
  }
}
