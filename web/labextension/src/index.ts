import { assistancePlugin } from './assistance/plugin';
import { clientPlugin, modelPlugin, notebooksPlugin } from './case/plugin';
import { checkPlugin } from './check/plugin';
import { diagnosticsPlugin } from './diagnostics/plugin';
import { editorsPlugin } from './editors/plugin';
import { feedbackPlugin } from './feedback/plugin';
import { mentorsPlugin } from './mentors/plugin';
import { panelPlugin } from './panel/plugin';
import { recorderPlugin, recordingPlugin } from './recorder/plugin';
import { wordingPlugin } from './words/plugin';

export default [
  clientPlugin,
  modelPlugin,
  notebooksPlugin,
  editorsPlugin,
  checkPlugin,
  assistancePlugin,
  wordingPlugin,
  mentorsPlugin,
  recordingPlugin,
  recorderPlugin,
  panelPlugin,
  feedbackPlugin,
  diagnosticsPlugin
];
