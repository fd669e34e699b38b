import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import type { CaseloopClient } from '../api/client';
import { MentorsApi } from '../api/mentors';
import type { CaseModel } from '../case/model';
import type { Checker } from '../check/checker';
import { ICaseloopClient, ICaseModel, IChecker, IMentors } from '../tokens';
import { MentorDesks } from './desks';
import { TabDrafts } from './drafts';

export const mentorsPlugin: JupyterFrontEndPlugin<MentorDesks> = {
  id: '@caseloop/lab:mentors',
  description: 'Questions to mentors and their answers.',
  requires: [ICaseloopClient, ICaseModel, IChecker],
  provides: IMentors,
  activate: (_: JupyterFrontEnd, client: CaseloopClient, model: CaseModel, checker: Checker) => {
    // one browser may hold several learners' and cases' servers
    const place = `caseloop-mentors ${PageConfig.getBaseUrl()} ${PageConfig.getOption('caseloopCase')}`;
    return new MentorDesks(new MentorsApi(client), model, checker, subtask => new TabDrafts(`${place}/${subtask}`));
  }
};
