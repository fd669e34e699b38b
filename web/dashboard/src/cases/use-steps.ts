import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { UploadStep } from '../api/authoring-types';
import { ApiError } from '../api/errors';
import { useDesk } from '../app/desk';

/** Milliseconds before a stream that broke off is taken up again. */
const AGAIN = 2_000;

/** All that an upload has told, and more as it comes; a connection that breaks is taken up where it broke. */
export function useSteps(id: string): { steps: UploadStep[]; reason: ApiError | null } {
  const { client } = useDesk();
  const queries = useQueryClient();
  const [steps, setSteps] = useState<UploadStep[]>([]);
  const [reason, setReason] = useState<ApiError | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let last = 0;
    let timer = 0;
    const follow = async () => {
      try {
        for await (const step of client.authoring.steps(id, last, abort.signal)) {
          last = step.sequence;
          setReason(null);
          setSteps(before => [...before, step]);
          void queries.invalidateQueries({ queryKey: ['upload', id] });
        }
        void queries.invalidateQueries({ queryKey: ['upload', id] });
      } catch (thrown) {
        if (abort.signal.aborted) {
          return;
        }
        const error = ApiError.from(thrown);
        setReason(error);
        if (error.temporary) {
          timer = window.setTimeout(() => void follow(), AGAIN);
        }
      }
    };
    setSteps([]);
    void follow();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [client, id, queries]);
  return { steps, reason };
}
