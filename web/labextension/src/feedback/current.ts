import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Place, SubtaskView } from '../api/types';
import { notebookCells } from '../case/notebook-cells';
import type { CaseNotebooks } from '../case/notebooks';
import { parseStored } from './parse';
import { isStale, METADATA_KEY, type StoredFeedback } from './stored';

/** Milliseconds of quiet after which what was typed is looked at. */
const PAUSE = 400;

/** The feedback that a step has in the open notebook, and whether the code was edited since. */
export function currentFeedback(
  notebooks: CaseNotebooks,
  view: SubtaskView
): { stored: StoredFeedback; stale: boolean } | undefined {
  const { panel } = notebooks;
  const home = panel && notebooks.home(panel, view);
  const stored = home && parseStored(home.model.getMetadata(METADATA_KEY));
  return panel && stored ? { stored, stale: isStale(stored, notebookCells(panel)) } : undefined;
}

/** Where a finding of the step's feedback is, as long as it is still the current one. */
export function placeOf(notebooks: CaseNotebooks, view: SubtaskView, finding: string): Place | null {
  const stored = currentFeedback(notebooks, view)?.stored;
  const known = stored?.feedback.findings.find(({ id }) => id === finding);
  return known?.place ?? stored?.feedback.warnings.find(warning => warning.finding === finding)?.place ?? null;
}

/** Render again when the learner has stopped typing in the case's notebook. */
export function useEdits(panel: NotebookPanel | undefined): void {
  const [, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let timer = 0;
    const edited = (): void => {
      clearTimeout(timer);
      timer = window.setTimeout(again, PAUSE);
    };
    panel?.content.modelContentChanged.connect(edited);
    return () => {
      clearTimeout(timer);
      panel?.content.modelContentChanged.disconnect(edited);
    };
  }, [panel]);
}
