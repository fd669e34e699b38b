import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/errors';
import type { SessionEvent, SessionPart } from '../api/session-types';
import { Recording } from './recording';

/** Where a session is read from, and where its replay leads back to. */
export interface Source {
  key: readonly string[];
  part: (from: number, signal?: AbortSignal) => Promise<SessionPart>;
  back: string;
  backTo: string;
}

/** A session whose first part is shown at once while the others follow. `source` must stay the same object. */
export function useSession(source: Source) {
  const first = useQuery({
    queryKey: ['session', ...source.key],
    queryFn: ({ signal }) => source.part(0, signal),
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
        const part: SessionPart = await source.part(from, abort.signal);
        all.push(...part.events);
        from = part.next;
      }
      setLater(all);
    };
    load().catch((reason: unknown) => abort.signal.aborted || setProblem(ApiError.from(reason)));
    return () => abort.abort();
  }, [source, next]);
  const recording = useMemo(
    () => (first.data ? new Recording([...first.data.events, ...later]) : null),
    [first.data, later]
  );
  return { first, recording, problem, complete: next === null || later.length > 0 };
}
