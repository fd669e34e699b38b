/** Questions to mentors in words. Pure functions. */
import type { EscalationView, LineComment, Note, Reason } from '../api/mentor-types';
import { briefMoment } from '../parts/words';

const REASONS: { [reason in Reason]: string } = {
  unhelpful_hint: 'A hint did not help.',
  repeated_failure: 'The same thing has gone wrong several times.',
  low_confidence: 'The check is not sure what is wrong here.',
  unhelpful_answer: 'A mentor’s earlier answer did not help here.'
};

/** Why a mentor is offered now. */
export function reasonWords(reasons: readonly Reason[]): string {
  return reasons.length ? REASONS[reasons[0]] : '';
}

/** What a mentor gets to see, said before anything is sent. */
export function seenByMentors(number: number | undefined): string[] {
  const version = number === undefined ? 'Your notebook’s code as you last checked it' : `Your notebook’s code as in version ${number}, which you checked last`;
  return [
    `${version}, and the feedback on it.`,
    'What your cells show beneath them now: printed text, errors and pictures.',
    'Your earlier versions of this step, your hints and your chat about it, and its style report.',
    'Your recorded sessions in this case, if you agreed to being recorded.',
    'Your name, and what you write below.'
  ];
}

/** A mentor has it, or has not yet. */
export function isOpen({ state }: EscalationView): boolean {
  return state === 'waiting' || state === 'leased';
}

/** Something may still come from the other side. */
export function isLive(question: EscalationView): boolean {
  return isOpen(question) || question.state === 'answered';
}

/** The question that counts now: the one that waits, else the newest that was not taken back. */
export function current(questions: readonly EscalationView[]): EscalationView | undefined {
  const waiting = questions.filter(isOpen);
  return (waiting.length ? waiting : questions.filter(({ state }) => state !== 'cancelled')).reduce<EscalationView | undefined>(
    (one, other) => (one && one.opened >= other.opened ? one : other),
    undefined
  );
}

/** The newest answer, or, while there is none, the newest of a mentor's words. */
export function newestAnswer({ notes }: EscalationView): Note | undefined {
  return notes.findLast(note => note.is_answer) ?? notes.findLast(note => note.author === 'mentor');
}

/** Where a question stands, in a sentence. */
export function stateWords(question: EscalationView, now = new Date()): string {
  const who = question.mentor ?? 'A mentor';
  const answer = newestAnswer(question);
  switch (question.state) {
    case 'waiting':
      return question.reopened ? 'Waiting for a mentor again.' : 'Waiting for a mentor.';
    case 'leased':
      return `${who} is reading it.`;
    case 'cancelled':
      return 'You took this question back.';
    default:
      return answer ? `Answered by ${answer.name}, ${briefMoment(answer.written, now)}.` : `Answered by ${who}.`;
  }
}

/** What has changed on the other side, to be said aloud; undefined when nothing has. */
export function newsWords(before: EscalationView | undefined, after: EscalationView, title: string): string | undefined {
  const known = new Set(before?.notes.map(note => note.id));
  const fresh = after.notes.filter(note => note.author === 'mentor' && !known.has(note.id));
  if (before && fresh.length) {
    const answered = fresh.some(note => note.is_answer);
    return `${fresh[0].name} ${answered ? 'has answered' : 'has written about'} your question about «${title}».`;
  }
  if (before && before.state !== 'leased' && after.state === 'leased') {
    return `A mentor is reading your question about «${title}».`;
  }
  return undefined;
}

/** The lines that a mentor commented on, by cell: line number -> words. At most five lines a comment are marked. */
export function commentMarks(comments: readonly LineComment[], name: string): Map<string, Map<number, string>> {
  const found = new Map<string, Map<number, string>>();
  for (const { place, text } of comments) {
    if (place.line !== null) {
      const lines = found.get(place.cell) ?? new Map<number, string>();
      found.set(place.cell, lines);
      const last = Math.min(place.end_line ?? place.line, place.line + 4);
      for (let line = place.line; line <= last; line++) {
        const words = `${name}: ${text}`;
        lines.set(line, lines.has(line) ? `${lines.get(line)} — ${words}` : words);
      }
    }
  }
  return found;
}
