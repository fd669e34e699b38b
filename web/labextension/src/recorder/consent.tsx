import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import { ApiError } from '../api/errors';
import { announce } from '../parts/announce';
import { Button, Problem } from '../parts/elements';
import type { RecordingModel } from './model';
import { disclosure } from './words';

interface ConsentProps {
  recording: RecordingModel;
  done?: () => void;
  /** Go back without choosing; left out at the first question. */
  cancel?: () => void;
}

/** The learner's choice about being recorded, and their say in what is kept. */
export function RecordingConsent({ recording, done, cancel }: ConsentProps): JSX.Element {
  const [problem, setProblem] = React.useState<ApiError>();
  const [busy, setBusy] = React.useState(false);
  const heading = React.useId();
  const value = recording.value!;
  const tried = async (act: () => Promise<unknown>, said: string): Promise<boolean> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
      announce(said);
      return true;
    } catch (reason) {
      const failed = ApiError.from(reason);
      setProblem(failed);
      recording.noticed(failed);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const choose = async (record: boolean): Promise<void> => {
    if (!busy && (await tried(() => recording.choose(record), record ? 'Your sessions are recorded.' : 'Nothing is recorded.'))) {
      done?.();
    }
  };
  return (
    <section className="caseloop-Consent caseloop-Recording" aria-labelledby={heading} data-caseloop="recording-consent">
      <h3 id={heading}>May your work in this notebook be recorded?</h3>
      <ul>
        {disclosure(value).map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {problem && <Problem problem={problem} name="recording-problem" />}
      <div className="caseloop-Buttons">
        <Button name="allow-recording" onClick={() => void choose(true)}>
          {value.record ? 'Go on recording' : 'Record'}
        </Button>
        <Button name="decline-recording" onClick={() => void choose(false)}>
          {value.record ? 'Stop recording' : 'Do not record'}
        </Button>
        {cancel && (
          <Button name="keep-recording-choice" look="link" onClick={cancel}>
            Cancel
          </Button>
        )}
      </div>
      {value.record !== null && (
        <div className="caseloop-Buttons">
          <Button name="export-sessions" look="link" onClick={() => !busy && void tried(() => save(recording), 'Your recorded sessions are in a file.')}>
            Save a copy of what is kept
          </Button>
          <Button
            name="delete-sessions"
            look="link"
            onClick={async () => !busy && (await sure()) && void tried(() => recording.forget(), 'Your recorded sessions are deleted.')}
          >
            Delete what is kept
          </Button>
        </div>
      )}
      <p className="caseloop-mod-quiet">You can change this at any time in this panel, and it changes nothing else.</p>
    </section>
  );
}

async function sure(): Promise<boolean> {
  const { button } = await showDialog({
    title: 'Delete your recorded sessions?',
    body: 'All recorded sessions of this case are deleted. This cannot be undone.',
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Delete' })]
  });
  return button.accept;
}

/** Hand the learner a file with all that is kept. */
async function save(recording: RecordingModel): Promise<void> {
  const text = JSON.stringify(await recording.export(), null, 2);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = 'recorded-sessions.json';
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
