import type { Ref } from 'react';
import { address, go } from '../app/router';
import { SettledField } from '../parts/settled-field';
import { StepFilters } from '../parts/step-filters';
import { REASONS } from '../parts/words';

interface Props {
  query: URLSearchParams;
  search: Ref<HTMLInputElement>;
}

const STATES = [
  ['', 'Open'],
  ['waiting', 'Waiting'],
  ['leased', 'Being read'],
  ['answered', 'Answered'],
  ['rated', 'Rated'],
  ['cancelled', 'Withdrawn'],
  ['all', 'All of them']
] as const;

/** Filters live in the address: a link to the page keeps them, and so does «back». */
export function QueueFilters({ query, search }: Props) {
  const set = (changes: Record<string, string>) =>
    go(address('queue', [], { ...Object.fromEntries(query), ...changes }), true);
  const now = (name: string) => query.get(name) ?? '';
  return (
    <form className="Filters is-row" aria-label="Filter the queue" onSubmit={event => event.preventDefault()}>
      <SettledField
        label="Search words"
        name="search"
        value={now('q')}
        field={search}
        onSettled={q => set({ q })}
      />
      <SettledField
        label="Learner"
        name="filter-learner"
        value={now('learner')}
        onSettled={learner => set({ learner })}
      />
      <label>
        <span>State</span>
        <select
          data-caseloop="filter-state"
          value={now('state')}
          onChange={event => set({ state: event.target.value })}
        >
          {STATES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <StepFilters
        chosen={now('case')}
        step={now('subtask')}
        onChange={(chosen, step) => set({ case: chosen, subtask: step })}
      />
      <label>
        <span>Reason</span>
        <select
          data-caseloop="filter-reason"
          value={now('reason')}
          onChange={event => set({ reason: event.target.value })}
        >
          <option value="">Any reason</option>
          {Object.entries(REASONS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label className="Check">
        <input
          type="checkbox"
          data-caseloop="filter-mine"
          checked={query.get('mine') === 'true'}
          onChange={event => set({ mine: event.target.checked ? 'true' : '' })}
        />
        Mine only
      </label>
    </form>
  );
}
