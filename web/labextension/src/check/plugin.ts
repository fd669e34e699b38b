import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { CaseloopClient } from '../api/client';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import { checkIcon } from '../parts/icons';
import { ICaseloopClient, ICaseModel, ICaseNotebooks, IChecker } from '../tokens';
import { Checker } from './checker';

export const CHECK_COMMAND = 'caseloop:check';

/** The check itself: command, cell toolbar button (schema/check.json) and keyboard shortcut. */
export const checkPlugin: JupyterFrontEndPlugin<Checker> = {
  id: '@caseloop/lab:check',
  description: 'Checks the steps of a case.',
  autoStart: true,
  requires: [ICaseloopClient, ICaseModel, ICaseNotebooks, INotebookTracker],
  optional: [ICommandPalette],
  provides: IChecker,
  activate: (
    app: JupyterFrontEnd,
    client: CaseloopClient,
    model: CaseModel,
    notebooks: CaseNotebooks,
    tracker: INotebookTracker,
    palette: ICommandPalette | null
  ) => {
    const checker = new Checker(client, model, notebooks);
    app.commands.addCommand(CHECK_COMMAND, {
      label: 'Check This Step',
      caption: 'Save the notebook and check the step of the current cell (Ctrl/Cmd Shift Enter)',
      icon: checkIcon,
      isEnabled: () => notebooks.activeSubtask !== undefined,
      isVisible: () => notebooks.atAnswer,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const panel = tracker.currentWidget;
        const view = notebooks.activeSubtask;
        if (panel && view) {
          await checker.check(panel, view);
        }
      }
    });
    const changed = (): void => app.commands.notifyCommandChanged(CHECK_COMMAND);
    notebooks.changed.connect(changed);
    model.changed.connect(changed);
    palette?.addItem({ command: CHECK_COMMAND, category: 'Caseloop' });
    return checker;
  }
};
