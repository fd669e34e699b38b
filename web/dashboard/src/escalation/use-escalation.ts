import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AnswerEscalation, EscalationFull, WriteNote } from '../api/mentoring-types';
import { ApiError } from '../api/errors';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { several } from '../parts/words';

/** Once a minute is often enough for what the learner may add. In the audit log it stays one look. */
const REFRESH = 60_000;

/** One escalation and what a mentor may do with it. */
export function useEscalation(id: string) {
  const { client, me } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const key = ['escalation', id];
  const query = useQuery({ queryKey: key, queryFn: () => client.escalation(id), refetchInterval: REFRESH });
  const keep = (full: EscalationFull) => {
    queries.setQueryData(key, full);
    void queries.invalidateQueries({ queryKey: ['queue'] });
  };
  // After a refusal the truth is with the service: somebody else may hold it by now.
  const refused = () => void queries.invalidateQueries({ queryKey: key });
  const lease = useMutation<EscalationFull, ApiError>({
    mutationFn: () => client.lease(id),
    onSuccess: full => {
      keep(full);
      say(held(full.item.leased_until));
    },
    onError: refused
  });
  const release = useMutation<unknown, ApiError>({
    mutationFn: () => client.release(id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: key });
      void queries.invalidateQueries({ queryKey: ['queue'] });
      say('Given back to the queue.');
    }
  });
  const write = useMutation<EscalationFull, ApiError, WriteNote>({
    mutationFn: note => client.write(id, note),
    onSuccess: full => {
      keep(full);
      say('The learner has your note.');
    },
    onError: refused
  });
  const answer = useMutation<EscalationFull, ApiError, AnswerEscalation>({
    mutationFn: words => client.answer(id, words),
    onSuccess: (full, { also }) => {
      keep(full);
      if (full.item.about_memory !== null) {
        say('In its place: learners get your words from now on.');
      } else {
        say(also.length ? `Answered, and ${several(also.length, 'other')} with it.` : 'Answered.');
      }
    },
    onError: refused
  });
  const item = query.data?.item;
  const mine = item?.state === 'leased' && item.mentor === me.user;
  return { query, lease, release, write, answer, mine };
}

function held(until: string | null): string {
  const minutes = until === null ? 0 : Math.round((Date.parse(until) - Date.now()) / 60_000);
  return minutes > 0 ? `It is yours for ${several(minutes, 'minute')}.` : 'It is yours.';
}

export type Escalation = ReturnType<typeof useEscalation>;
