import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { ApiError } from '../api/errors';
import type { LabSubtask, VersionSummary } from '../api/types';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { announce } from '../parts/announce';
import { Loading, Problem } from '../parts/elements';
import { useLoaded } from '../parts/loaded';
import { useSignals } from '../parts/signals';
import { restoreVersion } from './restore';
import { VersionItem } from './version-item';

/** Every checked version of one step, newest first. */
export function HistoryView({ subtask, services }: { subtask: LabSubtask; services: PanelServices }): JSX.Element {
  const { client, notebooks, place } = services;
  const { view, progress } = subtask;
  useSignals(notebooks.changed);
  const history = useLoaded(() => client.history(view.id), [view.id, progress.updated, progress.attempts]);
  const [problem, setProblem] = React.useState<ApiError>();
  const restore = async (summary: VersionSummary): Promise<void> => {
    setProblem(undefined);
    if (await confirmed(`Restore version ${summary.number}?`, view.title)) {
      try {
        await restoreVersion(client, notebooks, view, await client.version(summary.submission));
        announce(`Version ${summary.number} is back in the notebook.`);
      } catch (reason) {
        setProblem(ApiError.from(reason));
      }
    }
  };
  return (
    <Subview title="History" subtitle={view.title} name="history-view" place={place}>
      {problem && <Problem problem={problem} name="restore-problem" />}
      {history.problem && <Problem problem={history.problem} retry={history.reload} name="history-problem" />}
      {history.loading && !history.value && <Loading words="Loading the versions…" />}
      {history.value?.length === 0 && (
        <p data-caseloop="history-empty">No version yet. Each time you check this step, its code is kept here.</p>
      )}
      {!!history.value?.length && (
        <ol className="caseloop-Versions" reversed aria-label="Checked versions">
          {history.value.map(version => (
            <VersionItem
              key={version.submission}
              version={version}
              view={view}
              client={client}
              restore={() => void restore(version)}
            />
          ))}
        </ol>
      )}
    </Subview>
  );
}

/** Ask before code is replaced; what is there now is saved first in any case. */
async function confirmed(title: string, what: string): Promise<boolean> {
  const result = await showDialog({
    title,
    body: `The code of «${what}» in your notebook is replaced. Your current notebook is saved first; you find it under «Saved notebooks».`,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Restore' })]
  });
  return result.button.accept;
}
