import { useQuery } from '@tanstack/react-query';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';

interface Props {
  query: URLSearchParams;
}

const STATES = [
  ['', 'Open'],
  ['waiting', 'Waiting'],
  ['leased', 'Being read'],
  ['answered', 'Answered'],
  ['rated', 'Rated'],
  ['cancelled', 'Withdrawn']
] as const;

/** Filters live in the address: a link to the page keeps them, and so does «back». */
export function QueueFilters({ query }: Props) {
  const { client } = useDesk();
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const set = (name: string, value: string) =>
    go(address('queue', [], { ...Object.fromEntries(query), [name]: value }), true);
  return (
    <form className="Filters" aria-label="Filter the queue" onSubmit={event => event.preventDefault()}>
      <label>
        <span>State</span>
        <select
          data-caseloop="filter-state"
          value={query.get('state') ?? ''}
          onChange={event => set('state', event.target.value)}
        >
          {STATES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Case</span>
        <select
          data-caseloop="filter-case"
          value={query.get('case') ?? ''}
          onChange={event => set('case', event.target.value)}
        >
          <option value="">All cases</option>
          {cases.data?.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label className="Check">
        <input
          type="checkbox"
          data-caseloop="filter-mine"
          checked={query.get('mine') === 'true'}
          onChange={event => set('mine', event.target.checked ? 'true' : '')}
        />
        Mine only
      </label>
    </form>
  );
}
