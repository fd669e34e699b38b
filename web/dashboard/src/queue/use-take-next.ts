import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/errors';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';

/** Lease the most urgent one and open it. That nobody waits is said, and is no problem to show. */
export function useTakeNext() {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const take = useMutation({
    mutationFn: () => client.takeNext(),
    onSuccess: full => {
      queries.setQueryData(['escalation', full.item.id], full);
      go(address('queue', [full.item.id]));
    },
    onError: (reason: ApiError) => {
      if (reason.error === 'queue_empty') {
        say('Nobody waits right now.');
      }
      void queries.invalidateQueries({ queryKey: ['queue'] });
    }
  });
  return { ...take, problem: take.isError && take.error.error !== 'queue_empty' ? take.error : null };
}
