/** What the plugins of this package give each other. */
import { Token } from '@lumino/coreutils';
import type { CaseloopClient } from './api/client';
import type { AssistanceModel } from './assistance/model';
import type { CaseModel } from './case/model';
import type { CaseNotebooks } from './case/notebooks';
import type { Checker } from './check/checker';
import type { CellMarks } from './editors/registry';
import type { MentorDesks } from './mentors/desks';
import type { PanelPlace } from './panel/place';
import type { RecordingModel } from './recorder/model';
import type { Wording } from './words/wording';

export const ICaseloopClient = new Token<CaseloopClient>('@caseloop/lab:ICaseloopClient', 'The one way to the gateway.');
export const ICaseModel = new Token<CaseModel>('@caseloop/lab:ICaseModel', 'The case and how far the learner is.');
export const ICaseNotebooks = new Token<CaseNotebooks>('@caseloop/lab:ICaseNotebooks', "The case's notebook in Lab.");
export const IChecker = new Token<Checker>('@caseloop/lab:IChecker', 'Runs checks and knows which are running.');
export const ICellMarks = new Token<CellMarks>('@caseloop/lab:ICellMarks', 'Diagnostics and marked lines in editors.');
export const ICasePanel = new Token<PanelPlace>('@caseloop/lab:ICasePanel', 'What the case panel shows.');
export const IAssistance = new Token<AssistanceModel>('@caseloop/lab:IAssistance', 'What was decided about AI.');
export const IMentors = new Token<MentorDesks>('@caseloop/lab:IMentors', 'Questions to mentors and their answers.');
export const IRecording = new Token<RecordingModel>('@caseloop/lab:IRecording', 'What was decided about being recorded.');
export const IWording = new Token<Wording>('@caseloop/lab:IWording', "A model's words for feedback.");
