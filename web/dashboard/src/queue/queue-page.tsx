import { useEffect, useRef } from 'react';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { several } from '../parts/words';
import { orderOf } from './order';
import { keepQueueAddress } from './place';
import { QueueFilters } from './queue-filters';
import { QueueRow } from './queue-row';
import { useQueue } from './use-queue';
import { useTakeNext } from './use-take-next';

export function QueuePage({ route: { query } }: { route: Route }) {
  useTitle('Queue');
  const { me } = useDesk();
  const list = useRef<HTMLOListElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const now = (name: string) => query.get(name) ?? undefined;
  const state = now('state');
  const own = query.get('mine') === 'true';
  const queue = useQueue({
    state,
    case: now('case'),
    subtask: now('subtask'),
    reason: now('reason'),
    learner: now('learner'),
    q: now('q'),
    mine: own
  });
  useEffect(() => keepQueueAddress(query));
  const take = useTakeNext();
  const step = (by: number) => {
    const links = [...(list.current?.querySelectorAll('a') ?? [])];
    const at = links.findIndex(link => link === document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
    links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
    if (at >= links.length - 5 && queue.hasNextPage && !queue.isFetchingNextPage) {
      void queue.fetchNextPage();
    }
  };
  useShortcuts([
    { key: 'j', label: 'Next question', run: () => step(1) },
    { key: 'k', label: 'Question before', run: () => step(-1) },
    { key: 'n', label: 'Take the most urgent question', run: () => take.mutate() },
    { key: '/', label: 'Search', run: () => search.current?.focus() },
    { key: 'm', label: 'Mine only, or all', run: () => mine(query) },
    { key: 'Enter', label: 'Open the question', run: () => undefined }
  ]);
  const filtered = [...query.values()].some(Boolean);
  return (
    <div className="Page" data-caseloop="queue">
      <header className="Page-head">
        <div>
          <h1>Queue</h1>
          <p className="dim" data-caseloop="queue-total">
            {queue.isSuccess ? `${several(queue.total, 'question')}, ${orderOf(state, own)}` : ' '}
          </p>
        </div>
        <button
          type="button"
          className="Button is-primary"
          data-caseloop="take-next"
          disabled={take.isPending}
          onClick={() => take.mutate()}
        >
          Take next <kbd>n</kbd>
        </button>
        <QueueFilters query={query} search={search} />
      </header>
      {take.problem && <Problem reason={take.problem} />}
      {queue.isError && <Problem reason={queue.error} retry={() => void queue.refetch()} />}
      {queue.isPending && <Loading what="the queue" />}
      {queue.isSuccess && queue.items.length === 0 && (
        <Empty title={filtered ? 'Nothing fits these filters' : 'Nobody waits'}>
          {filtered
            ? 'Other questions may wait outside of them.'
            : 'New questions appear here by themselves. Remembered answers are helping meanwhile.'}
        </Empty>
      )}
      {queue.items.length > 0 && (
        <ol className="Queue" ref={list} aria-label="Questions">
          {queue.items.map(item => (
            <QueueRow key={item.id} item={item} me={me.user} />
          ))}
        </ol>
      )}
      {queue.hasNextPage && (
        <button
          type="button"
          className="Button More"
          data-caseloop="more"
          disabled={queue.isFetchingNextPage}
          onClick={() => void queue.fetchNextPage()}
        >
          {queue.isFetchingNextPage ? 'Loading …' : `Show more (${queue.items.length} of ${queue.total})`}
        </button>
      )}
    </div>
  );
}

function mine(query: URLSearchParams): void {
  const now = query.get('mine') === 'true' ? '' : 'true';
  go(address('queue', [], { ...Object.fromEntries(query), mine: now }), true);
}
