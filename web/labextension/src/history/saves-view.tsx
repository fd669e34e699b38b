import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { ApiError } from '../api/errors';
import type { SavedSummary } from '../api/types';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { announce } from '../parts/announce';
import { Button, Loading, Problem } from '../parts/elements';
import { useLoaded } from '../parts/loaded';
import { moment, size } from '../parts/words';
import { restoreNotebook } from './restore';

/** Every saved state of the notebook, newest first. */
export function SavesView({ services }: { services: PanelServices }): JSX.Element {
  const { client, notebooks, place } = services;
  const saves = useLoaded(() => client.savedNotebooks(), []);
  const [problem, setProblem] = React.useState<ApiError>();
  const restore = async (saved: SavedSummary): Promise<void> => {
    setProblem(undefined);
    if (await confirmed(moment(saved.saved))) {
      try {
        await restoreNotebook(client, notebooks, saved.digest);
        announce('The saved notebook is back.');
        saves.reload();
      } catch (reason) {
        setProblem(ApiError.from(reason));
      }
    }
  };
  return (
    <Subview title="Saved notebooks" subtitle="Kept each time you save" name="saves-view" place={place}>
      {problem && <Problem problem={problem} name="restore-problem" />}
      {saves.problem && <Problem problem={saves.problem} retry={saves.reload} name="saves-problem" />}
      {saves.loading && !saves.value && <Loading words="Loading the saved notebooks…" />}
      {saves.value?.length === 0 && <p data-caseloop="saves-empty">Nothing saved yet.</p>}
      {!!saves.value?.length && (
        <ol className="caseloop-Saves" aria-label="Saved notebooks">
          {saves.value.map((saved, index) => (
            <li key={saved.digest + index} data-caseloop="save" data-digest={saved.digest}>
              <span>
                {moment(saved.saved)} <span className="caseloop-mod-quiet">{size(saved.size)}</span>
              </span>
              <Button
                name="restore-save"
                aria-label={`Restore the notebook of ${moment(saved.saved)}`}
                onClick={() => void restore(saved)}
              >
                Restore
              </Button>
            </li>
          ))}
        </ol>
      )}
    </Subview>
  );
}

async function confirmed(when: string): Promise<boolean> {
  const result = await showDialog({
    title: 'Restore this notebook?',
    body: `The whole notebook is replaced by the one of ${when}. Your current notebook is saved first and stays in this list.`,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Restore' })]
  });
  return result.button.accept;
}
