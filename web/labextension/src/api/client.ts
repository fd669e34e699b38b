import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ApiError } from './errors';
import { events } from './events';
import type {
  LabCase,
  LabCheck,
  LabFeedback,
  LabReview,
  LabReviewed,
  SavedNotebook,
  SavedSummary,
  Stage,
  Version,
  VersionSummary
} from './types';

export type CheckPart = { kind: 'stage'; stage: Stage } | { kind: 'feedback'; answer: LabFeedback };

/** Talks to the gateway through the learner's Jupyter server. Every method throws ApiError. */
export class CaseloopClient {
  private readonly settings = ServerConnection.makeSettings();

  case(): Promise<LabCase> {
    return this.json('GET', 'api/case');
  }

  /** The parts of a check as they arrive; it always ends with the feedback or by throwing. */
  async *check(body: LabCheck, signal: AbortSignal): AsyncGenerator<CheckPart> {
    const response = await this.fetch('POST', 'api/check', { body, signal, accept: 'text/event-stream' });
    for await (const { event, data } of events(response.body!)) {
      if (event === 'stage') {
        yield { kind: 'stage', stage: JSON.parse(data) as Stage };
      } else if (event === 'feedback') {
        yield { kind: 'feedback', answer: JSON.parse(data) as LabFeedback };
        return;
      } else if (event === 'error') {
        throw ApiError.parse(503, data);
      }
    }
    throw new ApiError(503, 'service_unavailable', 'The check was cut off before it had an answer. Please check again.');
  }

  review(body: LabReview): Promise<LabReviewed> {
    return this.json('POST', 'api/review', body);
  }

  history(subtask: string): Promise<VersionSummary[]> {
    return this.json('GET', `api/history?subtask=${encodeURIComponent(subtask)}`);
  }

  version(submission: string): Promise<Version> {
    return this.json('GET', `api/history/${encodeURIComponent(submission)}`);
  }

  savedNotebooks(): Promise<SavedSummary[]> {
    return this.json('GET', 'api/notebook/versions');
  }

  savedNotebook(digest: string): Promise<SavedNotebook> {
    return this.json('GET', `api/notebook/versions/${encodeURIComponent(digest)}`);
  }

  /** Hand the notebook on disk to Caseloop now, before something replaces it. */
  keep(): Promise<SavedSummary> {
    return this.json('POST', 'keep');
  }

  private async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(method, path, { body });
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError(503, 'service_unavailable', 'The answer of Caseloop was cut off. Please try again.');
    }
  }

  /** The only fetch: base URL, cookies and the XSRF token are ServerConnection's. */
  private async fetch(
    method: string,
    path: string,
    { body, signal, accept }: { body?: unknown; signal?: AbortSignal; accept?: string }
  ): Promise<Response> {
    const request: RequestInit = { method, headers: { Accept: accept ?? 'application/json' } };
    if (method !== 'GET') {
      request.body = JSON.stringify(body ?? {});
    }
    if (signal) {
      request.signal = signal;
    }
    let response: Response;
    try {
      const url = URLExt.join(this.settings.baseUrl, 'caseloop', path);
      response = await ServerConnection.makeRequest(url, request, this.settings);
    } catch (reason) {
      throw ApiError.from(reason);
    }
    if (!response.ok) {
      throw await ApiError.of(response);
    }
    return response;
  }
}
