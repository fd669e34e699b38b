import { queryOptions } from '@tanstack/react-query';
import type { Quality } from '../api/quality';

/** Figures change when a run is judged or goes on, which takes minutes. */
const FRESH = 60_000;

export function figuresQuery(quality: Quality, run: string) {
  return queryOptions({
    queryKey: ['run', run],
    queryFn: ({ signal }) => quality.run(run, signal),
    staleTime: FRESH
  });
}

/** The runs of a suite, for a choice among them. */
export function suiteQuery(quality: Quality, suite: string | undefined) {
  return queryOptions({
    queryKey: ['runs-of', suite ?? ''],
    queryFn: () => quality.runs({ suite, limit: 100 }),
    staleTime: FRESH
  });
}
