import type { UseInfiniteQueryResult } from '@tanstack/react-query';

interface Props {
  samples: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
}

/** Below a list of samples: the next part of it, where there is one. */
export function MoreSamples({ samples: { hasNextPage, isFetchingNextPage, fetchNextPage } }: Props) {
  if (!hasNextPage) {
    return null;
  }
  return (
    <button
      type="button"
      className="Button More"
      data-caseloop="more"
      disabled={isFetchingNextPage}
      onClick={() => void fetchNextPage()}
    >
      More samples
    </button>
  );
}
