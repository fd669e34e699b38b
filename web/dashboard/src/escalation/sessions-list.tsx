import { useQuery } from '@tanstack/react-query';
import type { SessionSummary } from '../api/session-types';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { duration, moment } from '../parts/time';
import { several } from '../parts/words';

/** Recorded sessions of the learner, each a way to its replay. */
export function SessionsList({ id }: { id: string }) {
  const { client } = useDesk();
  const sessions = useQuery({ queryKey: ['sessions', id], queryFn: () => client.sessions(id), staleTime: 60_000 });
  return (
    <Section title="Sessions" name="sessions">
      {sessions.isError && <Problem reason={sessions.error} retry={() => void sessions.refetch()} />}
      {sessions.data?.length === 0 && <p className="dim">Nothing is recorded: the learner has not agreed to it.</p>}
      <SessionItems sessions={sessions.data ?? []} to={session => address('queue', [id, 'replay', session])} />
    </Section>
  );
}

interface ItemsProps {
  sessions: readonly SessionSummary[];
  /** Address of the replay of a session. */
  to: (session: string) => string;
}

export function SessionItems({ sessions, to }: ItemsProps) {
  return (
    <ul className="Plain">
      {sessions.map(session => (
        <li key={session.session} className="SessionItem">
          <a href={to(session.session)} data-caseloop="open-replay">
            Replay of {moment(session.started)}
          </a>
          <span className="dim">
            {duration(session.seconds)}, {duration(session.active_typing_seconds)} typing ·{' '}
            {several(session.runs, 'run')} ({session.failed_runs} failed) · {several(session.large_pastes, 'large paste')}{' '}
            · {several(session.hints + session.chats, 'AI question')}
          </span>
        </li>
      ))}
    </ul>
  );
}
