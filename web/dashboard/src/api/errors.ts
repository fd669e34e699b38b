import type { ErrorBody } from './types';

const AWAY = 'Caseloop does not answer. What you have written stays in this window; try again in a moment.';

/** A request that was refused or never arrived, in words for the mentor. */
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

  /** True when the session is over: signing in again helps, trying again does not. */
  get signedOut(): boolean {
    return this.status === 401;
  }

  /** True when trying again later, without any change, may help. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** From an answer that is not 2xx; the proxy answers in HTML when the desk is gone. */
  static async of(response: Response): Promise<ApiError> {
    return ApiError.parse(response.status, await response.text().catch(() => ''));
  }

  static parse(status: number, text: string): ApiError {
    try {
      const body = JSON.parse(text) as Partial<ErrorBody>;
      if (typeof body.detail === 'string') {
        return new ApiError(status, body.error ?? 'refused', body.detail, body.request_id ?? '');
      }
    } catch {
      // not JSON: only the status is known
    }
    return status >= 502
      ? new ApiError(503, 'service_unavailable', AWAY)
      : new ApiError(status, 'refused', `Caseloop answered with an error (${status}).`);
  }

  /** From whatever was thrown while asking. */
  static from(reason: unknown): ApiError {
    return reason instanceof ApiError ? reason : new ApiError(0, 'service_unavailable', AWAY);
  }
}
