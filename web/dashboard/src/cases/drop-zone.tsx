import { type DragEvent, type InputHTMLAttributes, useRef, useState } from 'react';
import type { UploadView } from '../api/authoring-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';
import { Problem } from '../parts/notice';
import { type Picked, fromDrop, fromInput, parcel } from './pack';
import { send } from './send';
import { size } from './words';

type State =
  | { kind: 'idle'; reason?: unknown }
  | { kind: 'packing' }
  | { kind: 'sending'; view: UploadView; abort: AbortController };

// React does not know it, browsers do
const FOLDER = { webkitdirectory: '' } as InputHTMLAttributes<HTMLInputElement>;

/** Where a case is dropped or chosen; leads to the upload's own page once all of it is sent. */
export function DropZone() {
  const { client, me } = useDesk();
  const say = useSay();
  const [state, setState] = useState<State>({ kind: 'idle' });
  const [over, setOver] = useState(false);
  const archive = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  const start = async (collecting: Promise<{ name: string; picked: Picked[] }>) => {
    const abort = new AbortController();
    setState({ kind: 'packing' });
    try {
      const { name, picked } = await collecting;
      const what = await parcel(name, picked);
      const told = (view: UploadView) => setState({ kind: 'sending', view, abort });
      const sending = { desk: client.authoring, person: me.user, publish: false, signal: abort.signal, told };
      const view = await send(what, sending);
      go(address('upload', [view.id]));
    } catch (reason) {
      setState({ kind: 'idle', reason: abort.signal.aborted ? undefined : reason });
    }
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (state.kind === 'idle') {
      void start(fromDrop(event.dataTransfer.items));
    }
  };
  const cancel = async (view: UploadView, abort: AbortController) => {
    abort.abort(new Error('cancelled'));
    await client.authoring.cancel(view.id).catch(() => undefined);
    say('The upload is cancelled.');
  };
  const sent = state.kind === 'sending' ? state.view.received / Math.max(1, state.view.size) : 0;
  return (
    <section
      className="Drop"
      data-caseloop="drop-zone"
      data-over={over}
      data-state={state.kind}
      aria-label="Upload a case"
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      {state.kind === 'idle' && (
        <>
          <h2>Drop a case here</h2>
          <p className="dim">A case folder or a zip of one. It is checked first; learners get it when you publish it.</p>
          <div className="Drop-ways">
            <button type="button" className="Button is-primary" onClick={() => folder.current?.click()}>
              Choose a folder
            </button>
            <button type="button" className="Button" onClick={() => archive.current?.click()}>
              Choose a zip
            </button>
          </div>
          {state.reason !== undefined && <Wrong reason={state.reason} />}
        </>
      )}
      {state.kind === 'packing' && (
        <p className="Loading" role="status">
          <span className="Spinner" aria-hidden="true" />
          Packing …
        </p>
      )}
      {state.kind === 'sending' && (
        <>
          <h2>Sending {state.view.name}</h2>
          <progress value={sent} max={1} aria-label="Sent" data-caseloop="sent" />
          <p className="dim" role="status">
            {size(state.view.received)} of {size(state.view.size)}
          </p>
          <button
            type="button"
            className="Button"
            data-caseloop="cancel-upload"
            onClick={() => void cancel(state.view, state.abort)}
          >
            Cancel
          </button>
        </>
      )}
      <input
        ref={archive}
        type="file"
        accept=".zip,application/zip"
        hidden
        data-caseloop="choose-archive"
        onChange={event => event.target.files?.length && void start(Promise.resolve(fromInput(event.target.files)))}
      />
      <input
        ref={folder}
        type="file"
        {...FOLDER}
        hidden
        data-caseloop="choose-folder"
        onChange={event => event.target.files?.length && void start(Promise.resolve(fromInput(event.target.files)))}
      />
    </section>
  );
}

function Wrong({ reason }: { reason: unknown }) {
  // what the browser could not read has words of its own
  return reason instanceof Error && reason.name !== 'ApiError' ? (
    <p className="Notice is-problem" role="alert" data-caseloop="problem">
      {reason.message}
    </p>
  ) : (
    <Problem reason={reason} />
  );
}
