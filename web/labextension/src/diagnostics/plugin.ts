import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ICellMarks } from '../tokens';
import { DiagnosticsService } from './service';
import { NotebookWatcher } from './watcher';

/** Underlines what is certain to fail, while typing, in every Python notebook. */
export const diagnosticsPlugin: JupyterFrontEndPlugin<void> = {
  id: '@caseloop/lab:diagnostics',
  description: 'Live diagnostics: syntax errors and names that exist in no cell.',
  autoStart: true,
  requires: [INotebookTracker, ICellMarks],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, marks) => {
    const service = new DiagnosticsService();
    tracker.widgetAdded.connect((_, panel) => {
      void panel.context.ready.then(() => new NotebookWatcher(panel, service, marks));
    });
  }
};
