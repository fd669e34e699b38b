import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/errors';
import type { SessionEvent } from '../api/session-types';
import { useDesk } from '../app/desk';
import { Recording } from './recording';

/** A session whose first part is shown at once while the others follow. */
export function useSession(id: string, session: string) {
  const { client } = useDesk();
  const first = useQuery({
    queryKey: ['session', id, session],
    queryFn: ({ signal }) => client.session(id, session, 0, signal),
    staleTime: Infinity,
    refetchOnWindowFocus: false
  });
  const [later, setLater] = useState<SessionEvent[]>([]);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const next = first.data?.next ?? null;
  useEffect(() => {
    if (next === null) {
      return undefined;
    }
    const abort = new AbortController();
    const load = async () => {
      const all: SessionEvent[] = [];
      for (let from: number | null = next; from !== null; ) {
        const part = await client.session(id, session, from, abort.signal);
        all.push(...part.events);
        from = part.next;
      }
      setLater(all);
    };
    load().catch((reason: unknown) => abort.signal.aborted || setProblem(ApiError.from(reason)));
    return () => abort.abort();
  }, [client, id, session, next]);
  const recording = useMemo(
    () => (first.data ? new Recording([...first.data.events, ...later]) : null),
    [first.data, later]
  );
  return { first, recording, problem, complete: next === null || later.length > 0 };
}
