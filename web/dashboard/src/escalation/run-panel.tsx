import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/errors';
import type { Cell, Feedback, Place } from '../api/types';
import { useDesk } from '../app/desk';
import { Inline } from '../parts/inline';
import { Problem } from '../parts/notice';
import { VERDICTS, stage } from '../parts/words';
import { FindingItem } from './finding-item';

type State =
  | { kind: 'idle' }
  | { kind: 'running'; words: string }
  | { kind: 'done'; feedback: Feedback }
  | { kind: 'failed'; reason: ApiError };

/** Runs code on the case's checks; nothing of it counts for the learner. */
export function useRun(id: string) {
  const { client } = useDesk();
  const [state, setState] = useState<State>({ kind: 'idle' });
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const run = async (cells: Cell[]) => {
    going.current?.abort();
    const abort = new AbortController();
    going.current = abort;
    setState({ kind: 'running', words: 'Starting …' });
    try {
      for await (const part of client.run(id, { cells }, abort.signal)) {
        if (part.kind === 'stage') {
          setState({ kind: 'running', words: stage(part.stage) });
        } else {
          setState({ kind: 'done', feedback: part.feedback });
        }
      }
    } catch (reason) {
      if (!abort.signal.aborted) {
        setState({ kind: 'failed', reason: ApiError.from(reason) });
      }
    }
  };
  const stop = () => {
    going.current?.abort();
    setState({ kind: 'idle' });
  };
  return { state, run, stop };
}

interface Props {
  run: ReturnType<typeof useRun>;
  edited: boolean;
  cells: Cell[];
  onPlace: (place: Place) => void;
}

export function RunResult({ run: { state, stop }, edited, cells, onPlace }: Props) {
  return (
    <div className="RunResult" aria-live="polite" data-caseloop="run-result" data-state={state.kind}>
      {state.kind === 'running' && (
        <p className="Loading">
          <span className="Spinner" aria-hidden="true" />
          <span data-caseloop="run-stage">{state.words}</span>
          <button type="button" className="Button is-quiet" data-caseloop="stop-run" onClick={stop}>
            Stop
          </button>
        </p>
      )}
      {state.kind === 'failed' && <Problem reason={state.reason} />}
      {state.kind === 'done' && <Result feedback={state.feedback} edited={edited} cells={cells} onPlace={onPlace} />}
    </div>
  );
}

function Result({ feedback, edited, cells, onPlace }: { feedback: Feedback } & Omit<Props, 'run'>) {
  return (
    <>
      <p>
        <strong data-verdict={feedback.verdict} data-caseloop="run-verdict">
          {VERDICTS[feedback.verdict]}
        </strong>{' '}
        <Inline text={feedback.headline} />{' '}
        <span className="dim">
          {feedback.points} of {feedback.max_points} points, {(feedback.wall_ms / 1000).toFixed(1)} s
          {edited && ', with your changes'}. Nothing of this counts for the learner.
        </span>
      </p>
      <ul className="Checks">
        {feedback.checks.map((check, index) => (
          <li key={index} data-passed={check.passed}>
            <span aria-hidden="true">{check.passed ? '✓' : '✗'}</span>
            <span className="sr">{check.passed ? 'Passed: ' : 'Failed: '}</span> <Inline text={check.label} />
          </li>
        ))}
      </ul>
      {feedback.findings.length > 0 && (
        <ul className="Plain">
          {feedback.findings.map(finding => (
            <FindingItem key={finding.id} finding={finding} cells={cells} name="run-finding" onPlace={onPlace} />
          ))}
        </ul>
      )}
    </>
  );
}
