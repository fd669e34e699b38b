import type {
  CaseVersion,
  OpenUpload,
  RegradeView,
  UploadStep,
  UploadView,
  VersionChanges
} from './authoring-types';
import { ApiError } from './errors';
import { events } from './events';

/** The desk's only way to the network, as the client has it. */
export interface Transport {
  json: <T>(method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<T>;
  fetch: (
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    accept?: string,
    more?: Record<string, string>
  ) => Promise<Response>;
}

/** Uploads and versions of cases. Every method throws ApiError. */
export class Authoring {
  constructor(private readonly net: Transport) {}

  uploads(): Promise<UploadView[]> {
    return this.net.json('GET', 'uploads');
  }

  upload(id: string): Promise<UploadView> {
    return this.net.json('GET', one(id));
  }

  open(wanted: OpenUpload): Promise<UploadView> {
    return this.net.json('POST', 'uploads', wanted);
  }

  /** Sends the part that begins at `offset`; 409 when another one is wanted. */
  async append(id: string, offset: number, part: Blob, signal: AbortSignal): Promise<UploadView> {
    const more: Record<string, string> = { 'Upload-Offset': String(offset) };
    const checksum = await sha256(part);
    if (checksum) {
      more['Upload-Checksum'] = `sha256 ${checksum}`;
    }
    const response = await this.net.fetch('PATCH', one(id), part, signal, 'application/json', more);
    return (await response.json()) as UploadView;
  }

  complete(id: string): Promise<UploadView> {
    return this.net.json('POST', `${one(id)}/completion`);
  }

  cancel(id: string): Promise<UploadView> {
    return this.net.json('DELETE', one(id));
  }

  /** What an upload tells from the step after number `after` on; ends when the upload has ended. */
  async *steps(id: string, after: number, signal: AbortSignal): AsyncGenerator<UploadStep> {
    const response = await this.net.fetch('GET', `${one(id)}/steps?after=${after}`, undefined, signal, 'text/event-stream');
    for await (const { event, data } of events(response.body!)) {
      if (event === 'error') {
        throw ApiError.parse(503, data);
      } else if (event === 'step') {
        yield JSON.parse(data) as UploadStep;
      }
    }
  }

  waiting(): Promise<CaseVersion[]> {
    return this.net.json('GET', 'cases/waiting');
  }

  history(name: string): Promise<CaseVersion[]> {
    return this.net.json('GET', `cases/${encodeURIComponent(name)}/versions`);
  }

  compare(name: string, before: string, after: string): Promise<VersionChanges> {
    return this.net.json('GET', `cases/${encodeURIComponent(name)}/comparison?${new URLSearchParams({ before, after })}`);
  }

  /** Makes a checked or an older version the one that learners get. */
  publish(version: string): Promise<CaseVersion> {
    return this.net.json('POST', `versions/${version}/publication`);
  }

  withdraw(version: string, reason: string): Promise<CaseVersion> {
    return this.net.json('POST', `versions/${version}/withdrawal`, { reason });
  }

  discard(version: string): Promise<unknown> {
    return this.net.json('DELETE', `versions/${version}`);
  }

  regrades(name: string): Promise<RegradeView[]> {
    return this.net.json('GET', `cases/${encodeURIComponent(name)}/regrades`);
  }

  regrade(id: string): Promise<RegradeView> {
    return this.net.json('GET', `regrades/${id}`);
  }

  /** Begins a preview: what everybody's work would get by this version. */
  startRegrade(version: string): Promise<RegradeView> {
    return this.net.json('POST', 'regrades', { version });
  }

  /** Takes the gains of a finished preview over. */
  applyRegrade(id: string): Promise<RegradeView> {
    return this.net.json('POST', `regrades/${id}/application`);
  }
}

function one(id: string): string {
  return `uploads/${encodeURIComponent(id)}`;
}

/** Hex digits; undefined where the page may not use cryptography, which is on plain http beyond this machine. */
async function sha256(part: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) {
    return undefined;
  }
  const digest = await crypto.subtle.digest('SHA-256', await part.arrayBuffer());
  return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
