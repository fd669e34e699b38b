import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Json } from '../api/types';
import type { NotebookCell } from './cells';

/** A cell model as the pure functions see it; of the metadata only the keys that say which cell it is. */
export function wireCell(model: ICellModel): NotebookCell {
  const metadata: { [key: string]: Json } = {};
  for (const key of ['nbgrader', 'caseloop']) {
    const value = model.getMetadata(key) as Json | undefined;
    if (value !== undefined) {
      metadata[key] = value;
    }
  }
  const kind = model.type === 'code' || model.type === 'markdown' ? model.type : 'raw';
  return { id: model.id, kind, source: model.sharedModel.getSource(), metadata };
}

/** All cells of a notebook, in order. */
export function notebookCells(panel: NotebookPanel): NotebookCell[] {
  return [...(panel.content.model?.cells ?? [])].map(wireCell);
}
