import { CodeCell, type Cell, type ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { AssistanceModel } from '../assistance/model';
import type { CaseModel } from '../case/model';
import { notebookCells } from '../case/notebook-cells';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import type { HelpTab } from '../help/desks';
import type { CellMarks } from '../editors/registry';
import type { MentorDesks } from '../mentors/desks';
import { commentMarks, newestAnswer } from '../mentors/words';
import type { Wording } from '../words/wording';
import { fingerprint } from './fingerprint';
import { parseStored } from './parse';
import type { Step, StepActions } from './step-view';
import { StepWidget } from './step-widget';
import { isStale, marks, METADATA_KEY, owns, type StoredFeedback } from './stored';

/** What a learner may ask for that is shown elsewhere. */
export interface Elsewhere {
  showReview(subtask: string): void;
  showHelp(subtask: string, tab?: HelpTab): void;
}

/** What feedback is made of. */
export interface FeedbackServices {
  model: CaseModel;
  notebooks: CaseNotebooks;
  checker: Checker;
  editors: CellMarks;
  assistance: AssistanceModel;
  wording: Wording;
  mentors: MentorDesks;
  elsewhere: Elsewhere;
}

/** Shows bars and feedback beneath the cells of one notebook, through all that a notebook does to its cells. */
export class NotebookFeedback {
  private readonly widgets = new Map<CodeCell, StepWidget>();
  private readonly marked = new Set<string>();
  private readonly followed = new WeakSet<ICellModel>();
  private timer = 0;

  constructor(
    private readonly panel: NotebookPanel,
    private readonly services: FeedbackServices
  ) {
    const { content } = panel;
    const { model, checker, assistance, wording, mentors } = services;
    const signals = [model.changed, checker.changed, assistance.changed, wording.changed, mentors.changed];
    content.modelChanged.connect(() => content.model?.cells.changed.connect(this.soon, this));
    content.model?.cells.changed.connect(this.soon, this);
    content.modelContentChanged.connect(this.soon, this);
    signals.forEach(signal => signal.connect(this.soon, this));
    panel.disposed.connect(() => {
      clearTimeout(this.timer);
      signals.forEach(signal => signal.disconnect(this.soon, this));
    });
    this.soon();
  }

  /** The widget of a cell, if it shows anything. */
  widget(cell: Cell): StepWidget | undefined {
    return this.widgets.get(cell as CodeCell);
  }

  /** Look again after the notebook has made its widgets; many changes in one go are one look. */
  private soon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.refresh(), 20);
  }

  private refresh(): void {
    if (this.panel.isDisposed || !this.panel.content.model) {
      return;
    }
    const { model, checker, assistance, wording, mentors } = this.services;
    const cells = notebookCells(this.panel);
    const widgets = this.panel.content.widgets;
    const stored = widgets.map(cell => this.read(cell));
    const carried = widgets.map((cell, i) => ({ id: cell.model.id, feedback: stored[i] }));
    const homes = this.homes();
    const owned: StoredFeedback[] = [];
    widgets.forEach((cell, index) => {
      if (!(cell instanceof CodeCell)) {
        return;
      }
      const own = owns(carried, index) ? stored[index] : undefined;
      const view = homes.get(cell);
      const subtask = view ? model.subtask(view) : undefined;
      if (own) {
        owned.push(own);
      }
      const run = view ? checker.run(view) : undefined;
      const ours = run?.panel === this.panel ? run : undefined;
      const words = own && wording.run(own.submission);
      const stale = own !== undefined && isStale(own, cells);
      const help = subtask !== undefined && !assistance.off && assistance.value?.choice !== false;
      const mentor = view ? mentors.of(view) : undefined;
      this.show(cell, { subtask, run: ours, stored: own, stale, wording: words, help, mentor });
    });
    this.mark(owned);
    this.forget();
  }

  private read(cell: Cell): StoredFeedback | undefined {
    return cell.model.type === 'code' ? parseStored(cell.model.getMetadata(METADATA_KEY)) : undefined;
  }

  private homes(): Map<CodeCell, string> {
    const { model, notebooks } = this.services;
    const homes = new Map<CodeCell, string>();
    for (const view of notebooks.isCase(this.panel) ? model.views : []) {
      const home = notebooks.home(this.panel, view);
      if (home) {
        homes.set(home, view.id);
      }
    }
    return homes;
  }

  private show(cell: CodeCell, step: Step): void {
    if (!step.subtask && !step.stored) {
      this.widgets.get(cell)?.dispose();
      this.widgets.delete(cell);
      return;
    }
    if (cell.isPlaceholder()) {
      if (!this.followed.has(cell.model)) {
        this.followed.add(cell.model);
        void cell.ready.then(() => this.soon());
      }
      return;
    }
    let widget = this.widgets.get(cell);
    if (!widget) {
      widget = StepWidget.beneath(cell, this.actions(cell));
      this.widgets.set(cell, widget);
    }
    widget.show_(step);
  }

  /** Mark the lines of cells whose text is still what was judged; edited cells keep marks that moved with the text. */
  private mark(owned: readonly StoredFeedback[]): void {
    const wanted = new Map<string, Map<number, string>>();
    const prints = new Map<string, string>();
    for (const stored of owned) {
      for (const [cell, lines] of [...marks(stored.feedback), ...this.comments(stored)]) {
        wanted.set(cell, new Map([...(wanted.get(cell) ?? []), ...lines]));
        prints.set(cell, stored.sources[cell]);
      }
    }
    for (const { model } of this.panel.content.widgets) {
      const lines = wanted.get(model.id);
      if (lines && prints.get(model.id) === fingerprint(model.sharedModel.getSource())) {
        this.services.editors.setMarks(model, lines);
        this.marked.add(model.id);
      } else if (!lines && this.marked.delete(model.id)) {
        this.services.editors.setMarks(model, new Map());
      }
    }
  }

  /** What a mentor said about single lines, while the version it was said about is the one that is shown. */
  private comments(stored: StoredFeedback): Map<string, Map<number, string>> {
    const question = this.services.mentors.of(stored.subtask).question;
    const answer = question?.submission === stored.submission ? newestAnswer(question) : undefined;
    return answer ? commentMarks(answer.comments, answer.name) : new Map();
  }

  private forget(): void {
    for (const cell of this.widgets.keys()) {
      if (cell.isDisposed) {
        this.widgets.delete(cell);
      }
    }
  }

  private actions(cell: CodeCell): StepActions {
    const { model, notebooks, checker, mentors, elsewhere } = this.services;
    const view = () => {
      const id = this.homes().get(cell) ?? this.read(cell)?.subtask;
      return model.views.find(candidate => candidate.id === id);
    };
    const withView = (act: (id: string) => void): void => {
      const found = view();
      if (found) {
        act(found.id);
      }
    };
    return {
      check: () => {
        const found = view();
        if (found) {
          void checker.check(this.panel, found);
        }
      },
      dismissRun: () => withView(id => checker.dismiss(id)),
      dismissFeedback: () => {
        cell.model.deleteMetadata(METADATA_KEY);
        cell.node.focus();
      },
      openHint: finding => {
        const stored = this.read(cell);
        if (stored) {
          const opened = { ...stored.opened, [finding]: (stored.opened[finding] ?? 0) + 1 };
          cell.model.setMetadata(METADATA_KEY, { ...stored, opened });
        }
      },
      showPlace: place => void notebooks.showPlace(place, this.panel),
      showHelp: () => withView(id => elsewhere.showHelp(id)),
      askMentor: () =>
        withView(id => {
          mentors.of(id).ask(true);
          elsewhere.showHelp(id, 'mentor');
        }),
      showMentor: () => withView(id => elsewhere.showHelp(id, 'mentor')),
      rateRemembered: (entry, helpful) => {
        const stored = this.read(cell);
        if (stored) {
          void this.rateRemembered(cell, stored, entry, helpful);
        }
      },
      showReview: () => withView(id => elsewhere.showReview(id)),
      leave: () => cell.node.focus()
    };
  }

  private async rateRemembered(cell: CodeCell, { subtask, submission }: StoredFeedback, entry: string, helpful: boolean): Promise<void> {
    const kept = await this.services.mentors.of(subtask).rateRemembered(entry, helpful, submission);
    const stored = cell.isDisposed ? undefined : this.read(cell);
    if (kept && stored?.submission === submission) {
      cell.model.setMetadata(METADATA_KEY, { ...stored, rated: { ...stored.rated, [entry]: helpful } });
    }
  }
}
