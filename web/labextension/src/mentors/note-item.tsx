import * as React from 'react';
import type { LineComment, Note } from '../api/mentor-types';
import type { Place } from '../api/types';
import { Icon, PlaceButton } from '../parts/elements';
import { personIcon } from '../parts/icons';
import { Lines, Prose } from '../parts/prose';
import { briefMoment, moment } from '../parts/words';

interface NoteProps {
  note: Note;
  show: (place: Place) => void;
}

/** One turn between learner and mentor. A mentor's text is shown as text: nothing in it is ever read as HTML. */
export function NoteItem({ note, show }: NoteProps): JSX.Element {
  const mine = note.author === 'learner';
  return (
    <li
      className={`caseloop-Note caseloop-mod-${note.author}`}
      data-caseloop="mentor-note"
      data-author={note.author}
      data-answer={note.is_answer}
      title={moment(note.written)}
    >
      <h4>
        {!mine && <Icon icon={personIcon} />}
        {mine ? 'You' : note.name}
        <span className="caseloop-mod-quiet">{briefMoment(note.written)}</span>
      </h4>
      <Prose text={note.text} />
      <Comments comments={note.comments} show={show} />
    </li>
  );
}

/** What was said about single lines, each with a way there. */
export function Comments({ comments, show }: { comments: readonly LineComment[]; show: (place: Place) => void }): JSX.Element | null {
  if (!comments.length) {
    return null;
  }
  return (
    <ul className="caseloop-Comments" aria-label="About single lines">
      {comments.map(({ place, text }, index) => (
        <li key={index} data-caseloop="line-comment">
          <PlaceButton line={place.line} label={place.line === null ? undefined : `Line ${place.line}`} onClick={() => show(place)} />{' '}
          <Lines text={text} />
        </li>
      ))}
    </ul>
  );
}
