import type { QueueItem } from '../api/mentoring-types';

/** What one mentor may send about a question, or about a remembered answer that came back. */
export interface Standing {
  /** Nobody asked: what is written takes a remembered answer's place, for everybody who meets the mistake. */
  review: boolean;
  /** It has been answered, or is withdrawn: no further answer. */
  over: boolean;
  send: 'answer' | 'note' | null;
  /** Why nothing, or only a note, can be sent; empty where all can. */
  why: string;
}

export function standingOf({ state, mentor, about_memory }: QueueItem, me: string): Standing {
  const review = about_memory !== null;
  const open = { review, over: false };
  const over = { review, over: true, send: null };
  switch (state) {
    case 'waiting':
      return { ...open, send: null, why: 'Take it before you send; what you write here is kept.' };
    case 'leased':
      return mentor === me
        ? { ...open, send: 'answer', why: '' }
        : { ...open, send: null, why: `${mentor} is on it.` };
    case 'cancelled':
      return { ...over, why: 'The learner has withdrawn it.' };
    default:
      if (review) {
        return { ...over, why: 'It has been looked at. Further changes are made among the remembered answers.' };
      }
      return mentor === me
        ? { ...over, send: 'note', why: 'You have answered it. A note reaches the learner all the same.' }
        : { ...over, why: `${mentor} has answered it, and alone can add to that.` };
  }
}
