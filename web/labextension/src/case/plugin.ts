import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import { CaseloopClient } from '../api/client';
import { ICaseloopClient, ICaseModel, ICaseNotebooks } from '../tokens';
import { CaseModel } from './model';
import { CaseNotebooks } from './notebooks';

export const clientPlugin: JupyterFrontEndPlugin<CaseloopClient> = {
  id: '@caseloop/lab:client',
  description: 'The one way to the gateway.',
  provides: ICaseloopClient,
  activate: () => new CaseloopClient()
};

export const modelPlugin: JupyterFrontEndPlugin<CaseModel> = {
  id: '@caseloop/lab:case',
  description: 'The case and how far the learner is.',
  requires: [ICaseloopClient],
  provides: ICaseModel,
  activate: (_: JupyterFrontEnd, client: CaseloopClient) => {
    const model = new CaseModel(client);
    if (PageConfig.getOption('caseloopCase')) {
      void model.load();
    }
    return model;
  }
};

export const notebooksPlugin: JupyterFrontEndPlugin<CaseNotebooks> = {
  id: '@caseloop/lab:notebooks',
  description: "The case's notebook in JupyterLab.",
  requires: [INotebookTracker, IDocumentManager, ICaseModel],
  provides: ICaseNotebooks,
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, documents: IDocumentManager, model: CaseModel) => {
    const notebooks = new CaseNotebooks(tracker, documents, model);
    // the extension's shortcuts are bound to this class
    const mark = (): void =>
      tracker.forEach(panel => panel.content.node.classList.toggle('caseloop-mod-case', notebooks.isCase(panel)));
    notebooks.changed.connect(mark);
    model.changed.connect(mark);
    return notebooks;
  }
};
