import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ApiError } from '../api/errors';
import { faultIcon } from './icons';

/** An icon that says nothing by itself: words stand beside it. */
export function Icon({ icon, className = '' }: { icon: LabIcon; className?: string }): JSX.Element {
  return (
    <span className={`caseloop-Icon ${className}`} aria-hidden="true">
      <icon.react tag="span" />
    </span>
  );
}

interface ButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'primary' | 'plain' | 'link';
  name: string;
}

/** A button; `name` is its stable name for tests and scripts (docs/reference/lab-selectors.md). */
export function Button({ look = 'plain', name, className = '', ...rest }: ButtonProps): JSX.Element {
  return <button type="button" className={`caseloop-Button caseloop-mod-${look} ${className}`} data-caseloop={name} {...rest} />;
}

/** «Go to line 3», as a link to a place. */
export function PlaceButton({ line, label, onClick }: { line: number | null; label?: string; onClick: () => void }): JSX.Element {
  return (
    <Button look="link" name="go-to-line" onClick={onClick}>
      {label ?? (line === null ? 'Go to cell' : `Go to line ${line}`)}
    </Button>
  );
}

interface ProblemProps {
  problem: ApiError;
  name: string;
  retry?: () => void;
  dismiss?: () => void;
}

/** What went wrong, and a way to try again. */
export function Problem({ problem, name, retry, dismiss }: ProblemProps): JSX.Element {
  return (
    <div className="caseloop-Notice caseloop-mod-problem" role="group" aria-label="Problem" data-caseloop={name}>
      <Icon icon={faultIcon} />
      <div>
        <p>{problem.detail}</p>
        {problem.requestId && !problem.away && (
          <p className="caseloop-mod-quiet">Number for support: {problem.requestId}</p>
        )}
        {retry && (
          <Button name="retry" onClick={retry}>
            Try again
          </Button>
        )}
        {dismiss && (
          <Button name="dismiss-problem" look="link" onClick={dismiss}>
            Dismiss
          </Button>
        )}
      </div>
    </div>
  );
}

/** Something is being fetched. */
export function Loading({ words }: { words: string }): JSX.Element {
  return (
    <div className="caseloop-Loading" role="status" data-caseloop="loading">
      <span className="caseloop-Spinner" aria-hidden="true" />
      {words}
    </div>
  );
}
