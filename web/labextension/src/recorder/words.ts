/** What is said about recorded sessions. Pure functions. */
import type { Recording } from '../api/session-types';
import { plural } from '../parts/words';

/** What is recorded, for whom, for how long: said before a learner agrees. */
export function disclosure({ retention_days: days }: Recording): string[] {
  return [
    'What: your edits, pastes, cursor, runs and checks in this notebook, the names of exceptions, when you leave its window and come back, and that you asked for help. Not what your code prints, and nothing outside it.',
    'For whom: mentors can replay it, to see where you got stuck and who needs help. Each look is written down.',
    `How long: ${plural(days, 'day')} after a session. It never counts for your points.`
  ];
}

/** Where a learner stands, in a line. */
export function standing({ record, sessions }: Recording): string {
  const kept = sessions ? ` · ${plural(sessions, 'session')} kept` : '';
  return `${record === null ? 'Not decided yet' : record ? 'On' : 'Off'}${kept}`;
}
