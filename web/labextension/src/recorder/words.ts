/** What is said about recorded sessions. Pure functions. */
import type { Recording } from '../api/session-types';
import { plural } from '../parts/words';

/** What is recorded, for whom, for how long: said before a learner agrees. */
export function disclosure({ retention_days: days }: Recording): string[] {
  return [
    'Recorded is what you do in this notebook: what you write in its cells and when, pastes, where the cursor is, runs and whether they failed, checks, and that you asked for a hint or in the chat.',
    'Not recorded: what your code prints, other files, and anything outside this notebook.',
    'Mentors of this case can replay it: to understand how you got to where you are stuck, and to see who needs help. Each time one looks is written down.',
    `It is deleted ${plural(days, 'day')} after a session’s end. It never counts for your points.`
  ];
}

/** Where a learner stands, in a line. */
export function standing({ record, sessions }: Recording): string {
  const kept = sessions ? ` · ${plural(sessions, 'session')} kept` : '';
  return `${record === null ? 'Not decided yet' : record ? 'On' : 'Off'}${kept}`;
}
