import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { CellMarks } from '../editors/registry';
import { ICaseModel, ICaseNotebooks, ICellMarks } from '../tokens';
import { DiagnosticsService } from './service';
import { NotebookWatcher } from './watcher';

/** Underlines what is certain to fail, while typing, in every Python notebook. */
export const diagnosticsPlugin: JupyterFrontEndPlugin<void> = {
  id: '@caseloop/lab:diagnostics',
  description: 'Live diagnostics: syntax errors and names that exist in no cell.',
  autoStart: true,
  requires: [INotebookTracker, ICellMarks, ICaseModel, ICaseNotebooks],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, marks: CellMarks, model: CaseModel, notebooks: CaseNotebooks) => {
    const service = new DiagnosticsService();
    // the notebook of a case waits for the case: its author may want no marks while learners type
    const wanted = (panel: NotebookPanel) => (): boolean | undefined =>
      notebooks.path && (!model.case || notebooks.isCase(panel)) ? model.case?.live_errors : true;
    tracker.widgetAdded.connect((_, panel) => {
      void panel.context.ready.then(() => {
        const watcher = new NotebookWatcher(panel, service, marks, wanted(panel));
        const settled = (): void => watcher.settled();
        model.changed.connect(settled);
        panel.disposed.connect(() => model.changed.disconnect(settled));
      });
    });
  }
};
