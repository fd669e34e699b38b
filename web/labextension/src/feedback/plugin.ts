import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { AssistanceModel } from '../assistance/model';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import type { CellMarks } from '../editors/registry';
import type { HelpTab } from '../help/desks';
import type { MentorDesks } from '../mentors/desks';
import type { PanelPlace } from '../panel/place';
import { IAssistance, ICaseModel, ICaseNotebooks, ICasePanel, ICellMarks, IChecker, IMentors, IWording } from '../tokens';
import type { Wording } from '../words/wording';
import { NotebookFeedback } from './notebook-feedback';
import { guardPlainKeys } from './shortcuts';

const GO_TO_FEEDBACK = 'caseloop:go-to-feedback';

/** The bar and the feedback beneath the answer cells. */
export const feedbackPlugin: JupyterFrontEndPlugin<void> = {
  id: '@caseloop/lab:feedback',
  description: 'Feedback beside the cell.',
  autoStart: true,
  requires: [INotebookTracker, ICaseModel, ICaseNotebooks, IChecker, ICellMarks, ICasePanel, IAssistance, IWording, IMentors],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    model: CaseModel,
    notebooks: CaseNotebooks,
    checker: Checker,
    editors: CellMarks,
    place: PanelPlace,
    assistance: AssistanceModel,
    wording: Wording,
    mentors: MentorDesks,
    palette: ICommandPalette | null
  ) => {
    guardPlainKeys();
    const shown = new WeakMap<NotebookPanel, NotebookFeedback>();
    const elsewhere = {
      showReview: (subtask: string) => place.go({ view: 'review', subtask }),
      showHelp: (subtask: string, tab?: HelpTab) => place.go({ view: 'help', subtask, ...(tab && { tab }) })
    };
    const services = { model, notebooks, checker, editors, assistance, wording, mentors, elsewhere };
    tracker.widgetAdded.connect((_, panel) => {
      void panel.context.ready.then(() => shown.set(panel, new NotebookFeedback(panel, services)));
    });
    app.commands.addCommand(GO_TO_FEEDBACK, {
      label: 'Go to Feedback',
      caption: 'Move the focus to the feedback of the current step (Alt Shift Enter); Escape leads back',
      isEnabled: () => notebooks.activeSubtask !== undefined,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        const panel = tracker.currentWidget;
        const view = notebooks.activeSubtask;
        const home = panel && view && notebooks.home(panel, view);
        if (home) {
          shown.get(panel)?.widget(home)?.focus();
        }
      }
    });
    palette?.addItem({ command: GO_TO_FEEDBACK, category: 'Caseloop' });
  }
};
