import * as React from 'react';
import type { Stage } from '../api/types';
import { stageWords } from '../check/words';
import { Button } from '../parts/elements';

/** Where a check stands, and a way out of it. Screen readers hear the stages from the announcer. */
export function ProgressLine({ stage, cancel }: { stage?: Stage; cancel: () => void }): JSX.Element {
  const counted = stage?.name === 'running' && stage.index !== null && stage.count;
  return (
    <div className="caseloop-Progress" data-caseloop="check-progress" data-stage={stage?.name ?? 'sending'}>
      <span className="caseloop-Spinner" aria-hidden="true" />
      <span>{stageWords(stage)}</span>
      {counted && <progress value={stage.index! + 1} max={stage.count!} aria-label="Cells run" />}
      <Button name="cancel-check" look="link" onClick={cancel}>
        Cancel
      </Button>
    </div>
  );
}
