import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { several } from '../parts/words';
import { MemoryItem } from './memory-item';

/** Milliseconds without a key before a search begins. */
const SETTLED = 250;

export default function MemoryPage({ route: { query } }: { route: Route }) {
  useTitle('Remembered answers');
  const { client } = useDesk();
  const field = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState(query.get('q') ?? '');
  const q = useSettled(words);
  const chosen = query.get('case') ?? '';
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const memory = useQuery({
    queryKey: ['memory', chosen, q],
    queryFn: ({ signal }) => client.memory({ case: chosen || undefined, q: q || undefined }, signal),
    placeholderData: before => before
  });
  useShortcuts([{ key: '/', label: 'Search', run: () => field.current?.focus() }]);
  return (
    <div className="Page" data-caseloop="memory">
      <header className="Page-head">
        <div>
          <h1>Remembered answers</h1>
          <p className="dim" role="status">
            {memory.data ? several(memory.data.length, 'answer') : ' '}
          </p>
        </div>
        <form className="Filters" aria-label="Find answers" onSubmit={event => event.preventDefault()}>
          <label>
            <span>Search</span>
            <input
              ref={field}
              type="search"
              data-caseloop="search"
              value={words}
              onChange={event => setWords(event.target.value)}
            />
          </label>
          <label>
            <span>Case</span>
            <select
              data-caseloop="filter-case"
              value={chosen}
              onChange={event => go(address('memory', [], { case: event.target.value }), true)}
            >
              <option value="">All cases</option>
              {cases.data?.map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </form>
      </header>
      {memory.isPending && <Loading what="remembered answers" />}
      {memory.isError && <Problem reason={memory.error} retry={() => void memory.refetch()} />}
      {memory.data?.length === 0 && (
        <Empty title={q || chosen ? 'Nothing fits' : 'Nothing is remembered yet'}>
          {q || chosen
            ? 'Try fewer words, or all cases.'
            : 'Tick «Remember it» when you answer: the next learner with that problem gets your words at once.'}
        </Empty>
      )}
      <ul className="Plain Memories">
        {memory.data?.map(entry => (
          <MemoryItem key={entry.id} entry={entry} title={cases.data?.find(({ id }) => id === entry.case)?.title} />
        ))}
      </ul>
    </div>
  );
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value.trim()), SETTLED);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}
