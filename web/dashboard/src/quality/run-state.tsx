import type { RunHeading } from '../api/quality-types';

/** What a run is good for, in a word or two. */
export function RunState({ run }: { run: Pick<RunHeading, 'accepted' | 'ended' | 'judged'> }) {
  const [state, words] = run.accepted
    ? ['accepted', 'Accepted']
    : run.ended
      ? ['finished', 'Finished']
      : ['interrupted', 'Interrupted'];
  return (
    <span className="Pills">
      <span className="Pill" data-run-state={state} data-caseloop="run-state">
        {words}
      </span>
      {run.judged && <span className="Pill is-same">Judged</span>}
    </span>
  );
}
