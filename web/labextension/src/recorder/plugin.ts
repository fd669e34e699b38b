import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import type { CaseloopClient } from '../api/client';
import { SessionsApi } from '../api/sessions';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import { ICaseloopClient, ICaseModel, ICaseNotebooks, IChecker, IRecording } from '../tokens';
import { RecordingModel } from './model';
import { Recorder } from './recorder';
import { BrowserStore } from './store';

export const recordingPlugin: JupyterFrontEndPlugin<RecordingModel> = {
  id: '@caseloop/lab:recording',
  description: 'What the learner decided about being recorded.',
  requires: [ICaseloopClient, ICaseModel],
  provides: IRecording,
  activate: (_: JupyterFrontEnd, client: CaseloopClient, model: CaseModel) => new RecordingModel(new SessionsApi(client), model)
};

/** Records what is done in the case's notebook, with the learner's consent only. */
export const recorderPlugin: JupyterFrontEndPlugin<void> = {
  id: '@caseloop/lab:recorder',
  description: 'Records sessions for a replay.',
  autoStart: true,
  requires: [ICaseloopClient, ICaseNotebooks, IChecker, IRecording],
  activate: (_: JupyterFrontEnd, client: CaseloopClient, notebooks: CaseNotebooks, checker: Checker, recording: RecordingModel) => {
    if (notebooks.path) {
      const store = new BrowserStore(`${PageConfig.getBaseUrl()} ${PageConfig.getOption('caseloopCase')}/`);
      new Recorder({ api: new SessionsApi(client), store, recording, notebooks, checker, client });
    }
  }
};
