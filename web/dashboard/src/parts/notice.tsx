import type { ReactNode } from 'react';
import { ApiError } from '../api/errors';

/** Something went wrong: what, and the one thing to do. */
export function Problem({ reason, retry }: { reason: unknown; retry?: () => void }) {
  const error = ApiError.from(reason);
  return (
    <div className="Notice is-problem" role="alert" data-caseloop="problem" data-error={error.error}>
      <p>{error.detail}</p>
      {error.signedOut ? (
        <button type="button" className="Button" onClick={() => window.location.reload()}>
          Sign in again
        </button>
      ) : (
        retry && (
          <button type="button" className="Button" data-caseloop="retry" onClick={retry}>
            Try again
          </button>
        )
      )}
      {error.requestId && <small>Request {error.requestId}</small>}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div className="Loading" role="status" data-caseloop="loading">
      <span className="Spinner" aria-hidden="true" />
      Loading {what} …
    </div>
  );
}

/** Nothing to show, and why that is fine. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="Empty" data-caseloop="empty">
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <circle cx="24" cy="24" r="20" />
        <path d="M15 25l6 6 12-13" />
      </svg>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
    </div>
  );
}
