import { clientPlugin, modelPlugin, notebooksPlugin } from './case/plugin';
import { checkPlugin } from './check/plugin';
import { diagnosticsPlugin } from './diagnostics/plugin';
import { editorsPlugin } from './editors/plugin';
import { feedbackPlugin } from './feedback/plugin';
import { panelPlugin } from './panel/plugin';

export default [
  clientPlugin,
  modelPlugin,
  notebooksPlugin,
  editorsPlugin,
  checkPlugin,
  panelPlugin,
  feedbackPlugin,
  diagnosticsPlugin
];
