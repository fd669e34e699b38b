import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CaseloopClient } from '../api/client';
import type { CaseModel } from '../case/model';
import { IAssistance, ICaseloopClient, ICaseModel } from '../tokens';
import { AssistanceModel } from './model';

export const assistancePlugin: JupyterFrontEndPlugin<AssistanceModel> = {
  id: '@caseloop/lab:assistance',
  description: 'What the case and the learner decided about AI.',
  requires: [ICaseloopClient, ICaseModel],
  provides: IAssistance,
  activate: (_: JupyterFrontEnd, client: CaseloopClient, model: CaseModel) => new AssistanceModel(client, model)
};
