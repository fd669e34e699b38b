import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { SettledField } from '../parts/settled-field';
import { StepFilters } from '../parts/step-filters';
import { several } from '../parts/words';
import { MemoryItem } from './memory-item';

export default function MemoryPage({ route: { query } }: { route: Route }) {
  useTitle('Remembered answers');
  const { client } = useDesk();
  const field = useRef<HTMLInputElement>(null);
  const now = (name: string) => query.get(name) ?? '';
  const asked = { case: now('case'), subtask: now('subtask'), q: now('q') };
  const filtered = Object.values(asked).some(Boolean);
  const set = (changes: Partial<typeof asked>) => go(address('memory', [], { ...asked, ...changes }), true);
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const memory = useInfiniteQuery({
    queryKey: ['memory', asked],
    queryFn: ({ pageParam, signal }) => client.memory({ ...asked, after: pageParam ?? undefined }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    placeholderData: before => before
  });
  const entries = memory.data?.pages.flatMap(page => page.items) ?? [];
  const total = memory.data?.pages[0]?.total ?? 0;
  useShortcuts([{ key: '/', label: 'Search', run: () => field.current?.focus() }]);
  return (
    <div className="Page" data-caseloop="memory">
      <header className="Page-head">
        <div>
          <h1>Remembered answers</h1>
          <p className="dim" role="status" data-caseloop="memory-total">
            {memory.data ? several(total, 'answer') : ' '}
          </p>
        </div>
        <form className="Filters" aria-label="Find answers" onSubmit={event => event.preventDefault()}>
          <SettledField label="Search" name="search" value={asked.q} field={field} onSettled={q => set({ q })} />
          <StepFilters
            chosen={asked.case}
            step={asked.subtask}
            onChange={(chosen, step) => set({ case: chosen, subtask: step })}
          />
        </form>
      </header>
      {memory.isPending && <Loading what="remembered answers" />}
      {memory.isError && <Problem reason={memory.error} retry={() => void memory.refetch()} />}
      {memory.isSuccess && entries.length === 0 && (
        <Empty title={filtered ? 'Nothing fits' : 'Nothing is remembered yet'}>
          {filtered
            ? 'Try fewer words, or all cases.'
            : 'Tick «Remember it» when you answer: the next learner with that problem gets your words at once.'}
        </Empty>
      )}
      <ul className="Plain Memories">
        {entries.map(entry => (
          <MemoryItem key={entry.id} entry={entry} title={cases.data?.find(({ id }) => id === entry.case)?.title} />
        ))}
      </ul>
      {memory.hasNextPage && (
        <button
          type="button"
          className="Button More"
          data-caseloop="more"
          disabled={memory.isFetchingNextPage}
          onClick={() => void memory.fetchNextPage()}
        >
          {memory.isFetchingNextPage ? 'Loading …' : `Show more (${entries.length} of ${total})`}
        </button>
      )}
    </div>
  );
}
