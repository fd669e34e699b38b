import type { Authoring } from '../api/authoring';
import type { UploadView } from '../api/authoring-types';
import { ApiError } from '../api/errors';
import type { Parcel } from './pack';

/** Milliseconds before the next try, for each that failed in a row. */
const WAITS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

interface Sending {
  desk: Authoring;
  person: string;
  publish: boolean;
  signal: AbortSignal;
  told: (view: UploadView) => void;
}

/** Sends an archive in parts, going on where a broken connection or an earlier try stopped. Throws ApiError. */
export async function send(what: Parcel, { desk, person, publish, signal, told }: Sending): Promise<UploadView> {
  const size = what.content.size;
  const begun = (await desk.uploads()).find(
    view => view.state === 'receiving' && view.name === what.name && view.size === size && view.by === person
  );
  let view = begun?.publish === publish ? begun : await desk.open({ name: what.name.slice(0, 200), size, publish });
  let failed = 0;
  for (;;) {
    told(view);
    try {
      if (view.received >= size) {
        return await desk.complete(view.id);
      }
      const part = what.content.slice(view.received, Math.min(size, view.received + view.part_bytes));
      view = await desk.append(view.id, view.received, part, signal);
      failed = 0;
    } catch (reason) {
      const error = signal.aborted ? reason : ApiError.from(reason);
      const again = error instanceof ApiError && (error.temporary || RESENT.has(error.error));
      const wait = WAITS[failed++];
      if (!again || wait === undefined) {
        throw error;
      }
      await pause(wait, signal);
      view = await desk.upload(view.id).catch(() => view);
    }
  }
}

/** Errors after which the server says where to go on. */
const RESENT = new Set(['upload_offset', 'upload_checksum']);

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, stop) => {
    const timer = window.setTimeout(done, milliseconds);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      stop(signal.reason as Error);
    });
  });
}
