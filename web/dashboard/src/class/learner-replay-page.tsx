import { useMemo } from 'react';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { Replay } from '../replay/replay-page';
import type { Source } from '../replay/use-session';

interface Props {
  name: string;
  learner: string;
  session: string;
  /** The step that the mentor came from; empty: none. */
  step: string;
}

/** Of a session of a learner of a class, whether they asked anything or not. */
export default function LearnerReplayPage({ name, learner, session, step }: Props) {
  const { client } = useDesk();
  const source = useMemo<Source>(
    () => ({
      key: ['class', name, learner, session],
      part: (from, signal) => client.learnersSession(name, learner, session, from, signal),
      back: address('learner', [name, learner], { step }),
      backTo: 'Learner'
    }),
    [client, name, learner, session, step]
  );
  return <Replay source={source} />;
}
