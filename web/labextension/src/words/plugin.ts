import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CaseloopClient } from '../api/client';
import type { AssistanceModel } from '../assistance/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import { IAssistance, ICaseloopClient, ICaseNotebooks, IChecker, IWording } from '../tokens';
import { Wording } from './wording';

export const wordingPlugin: JupyterFrontEndPlugin<Wording> = {
  id: '@caseloop/lab:words',
  description: "A model's words for feedback.",
  requires: [ICaseloopClient, ICaseNotebooks, IAssistance, IChecker],
  provides: IWording,
  activate: (
    _: JupyterFrontEnd,
    client: CaseloopClient,
    notebooks: CaseNotebooks,
    assistance: AssistanceModel,
    checker: Checker
  ) => new Wording(client, notebooks, assistance, checker)
};
