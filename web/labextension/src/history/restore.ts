import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CaseloopClient } from '../api/client';
import { ApiError } from '../api/errors';
import type { SavedNotebook, SubtaskView, Version } from '../api/types';
import type { CaseNotebooks } from '../case/notebooks';
import { METADATA_KEY, toStored } from '../feedback/stored';

/** Save what is there now, on disk and at Caseloop, so that a restore can itself be taken back. Throws ApiError. */
async function keepCurrent(client: CaseloopClient, panel: NotebookPanel): Promise<void> {
  try {
    await panel.context.save();
  } catch {
    throw new ApiError(409, 'not_saved', 'Your current notebook could not be saved, so nothing was restored.');
  }
  await client.keep();
}

/** Put a version's code back into the answer cells of its subtask. Throws ApiError; then nothing was changed. */
export async function restoreVersion(
  client: CaseloopClient,
  notebooks: CaseNotebooks,
  view: SubtaskView,
  version: Version
): Promise<void> {
  const panel = await notebooks.open();
  await keepCurrent(client, panel);
  const model = panel.content.model!;
  const home = panel.content.widgets.findIndex(cell => cell === notebooks.home(panel, view));
  let end = home < 0 ? model.cells.length : home + 1;
  model.sharedModel.transact(() => {
    for (const cell of version.cells.filter(cell => view.answer_cells.includes(cell.id))) {
      const present = [...model.cells].find(candidate => candidate.id === cell.id);
      if (present) {
        present.sharedModel.setSource(cell.source);
      } else {
        const { id, source, metadata } = cell;
        model.sharedModel.insertCell(end++, { cell_type: 'code', id, source, metadata });
      }
    }
  });
  showFeedback(notebooks, panel, view, version);
  await panel.context.save();
  await notebooks.showSubtask(view);
}

/** The feedback that the version got is that of the restored code. */
function showFeedback(notebooks: CaseNotebooks, panel: NotebookPanel, view: SubtaskView, version: Version): void {
  const home = notebooks.home(panel, view);
  if (home && version.feedback) {
    const { submission, number, feedback } = version;
    const answer = { submission, number, feedback };
    home.model.setMetadata(METADATA_KEY, toStored(home.model.id, view, answer, version.cells));
  }
}

/** Put a whole saved notebook back. Throws ApiError; then nothing was changed. */
export async function restoreNotebook(client: CaseloopClient, notebooks: CaseNotebooks, digest: string): Promise<void> {
  const panel = await notebooks.open();
  await keepCurrent(client, panel);
  const saved: SavedNotebook = await client.savedNotebook(digest);
  panel.context.model.fromJSON(saved.notebook);
  await panel.context.save();
}
