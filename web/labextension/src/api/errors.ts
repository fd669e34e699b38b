import type { ErrorBody } from './types';

const NO_ANSWER = 'Your Jupyter server does not answer. Your work is safe in this window; save it when the server is back.';

/** A request that was refused or never arrived, in words for the learner. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly detail: string,
    readonly requestId = ''
  ) {
    super(detail);
    this.name = 'ApiError';
  }

  /** True when trying again later, without any change, may help. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** True when there was no answer at all: Caseloop, or the learner's own Jupyter server, cannot be reached. */
  get away(): boolean {
    return this.error === 'service_unavailable' || this.error === 'server_unavailable';
  }

  /** From an answer that is not 2xx; the Hub's proxy answers in HTML when a server is gone. */
  static async of(response: Response): Promise<ApiError> {
    const text = await response.text().catch(() => '');
    return ApiError.parse(response.status, text);
  }

  static parse(status: number, text: string): ApiError {
    try {
      const body = JSON.parse(text) as Partial<ErrorBody & { message: string }>;
      const detail = body.detail ?? body.message;
      if (typeof detail === 'string') {
        return new ApiError(status, body.error ?? 'refused', detail, body.request_id ?? '');
      }
    } catch {
      // not JSON: only the status is known
    }
    return status === 424 || status >= 502
      ? new ApiError(503, 'server_unavailable', NO_ANSWER)
      : new ApiError(status, 'refused', `Caseloop answered with an error (${status}).`);
  }

  /** From whatever was thrown while asking. */
  static from(reason: unknown): ApiError {
    return reason instanceof ApiError ? reason : new ApiError(0, 'server_unavailable', NO_ANSWER);
  }
}
