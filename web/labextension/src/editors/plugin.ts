import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ICellMarks } from '../tokens';
import { CellMarks } from './registry';

/** Gives every editor the means to show diagnostics and marked lines. */
export const editorsPlugin: JupyterFrontEndPlugin<CellMarks> = {
  id: '@caseloop/lab:editors',
  description: 'Diagnostics and marked lines in cell editors.',
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  provides: ICellMarks,
  activate: (_: JupyterFrontEnd, registry: IEditorExtensionRegistry) => {
    const marks = new CellMarks();
    registry.addExtension({
      name: '@caseloop/lab:marks',
      factory: ({ model }) => EditorExtensionRegistry.createImmutableExtension(marks.extension(model))
    });
    return marks;
  }
};
