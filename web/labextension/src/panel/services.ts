import type { CaseloopClient } from '../api/client';
import type { AssistanceModel } from '../assistance/model';
import type { CaseModel } from '../case/model';
import type { CaseNotebooks } from '../case/notebooks';
import type { Checker } from '../check/checker';
import type { HelpDesks } from '../help/desks';
import type { MentorDesks } from '../mentors/desks';
import type { RecordingModel } from '../recorder/model';
import type { PanelPlace } from './place';

/** What every view of the panel works with. */
export interface PanelServices {
  client: CaseloopClient;
  model: CaseModel;
  notebooks: CaseNotebooks;
  checker: Checker;
  place: PanelPlace;
  assistance: AssistanceModel;
  desks: HelpDesks;
  mentors: MentorDesks;
  recording: RecordingModel;
}
