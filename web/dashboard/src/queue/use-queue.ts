import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { QueueQuery } from '../api/client';
import type { QueueItem } from '../api/mentoring-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { several } from '../parts/words';

/** How often the queue is asked for again while it is looked at. */
const REFRESH = 10_000;
export const PART = 50;

/** The queue part after part, fresh every few seconds; what is new is said. */
export function useQueue(query: QueueQuery) {
  const { client } = useDesk();
  const answer = useInfiniteQuery({
    queryKey: ['queue', query],
    queryFn: ({ pageParam, signal }) =>
      client.queue({ ...query, limit: PART, after: pageParam ?? undefined }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    // While another part is fetched, words are typed on: the part before stays on the screen.
    placeholderData: before => before,
    refetchInterval: REFRESH,
    refetchOnWindowFocus: true
  });
  const items = distinct(answer.data?.pages.flatMap(page => page.items) ?? []);
  const total = answer.data?.pages[0]?.total ?? 0;
  useNewcomers(items, JSON.stringify(query), answer.isSuccess && !answer.isPlaceholderData);
  return { ...answer, items, total };
}

function useNewcomers(items: QueueItem[], query: string, known: boolean): void {
  const say = useSay();
  const before = useRef<{ query: string; ids: Set<string> } | null>(null);
  useEffect(() => {
    if (!known) {
      return;
    }
    const ids = new Set(items.filter(item => item.state === 'waiting').map(item => item.id));
    if (before.current?.query === query) {
      const fresh = [...ids].filter(id => !before.current!.ids.has(id)).length;
      // A next part that was asked for brings many at once: that is no news.
      if (fresh && items.length - before.current.ids.size < PART / 2) {
        say(`${several(fresh, 'new question')} in the queue.`);
      }
    }
    before.current = { query, ids: new Set([...(before.current?.query === query ? before.current.ids : []), ...ids]) };
  });
}

/** One that moved between two parts while they were fetched stands in both: the first place counts. */
function distinct(items: QueueItem[]): QueueItem[] {
  return [...new Map(items.toReversed().map(item => [item.id, item])).values()].toReversed();
}
