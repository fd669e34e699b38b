import type { Note, QueueItem } from '../api/mentoring-types';
import type { Cell, Place } from '../api/types';
import { Markdown } from '../parts/markdown';
import { Section } from '../parts/section';
import { ago, moment } from '../parts/time';
import { reasonOf } from '../parts/words';
import { placeName } from './places';

interface Props {
  item: QueueItem;
  notes: Note[];
  cells: Cell[];
  onPlace: (place: Place) => void;
}

export function Conversation({ item, notes, cells, onPlace }: Props) {
  return (
    <Section title="Conversation" name="conversation">
      <ol className="Plain Notes">
        <li className="dim">
          {item.about_memory === null ? `${item.learner} asked` : 'It came back'}{' '}
          <time title={moment(item.opened)}>{ago(item.opened)}</time>
          {item.about_memory === null ? `: ${reasonOf(item)}` : ', since it did not help a learner'}
          {item.about_memory === null &&
            item.reopened > 0 &&
            `; reopened ${item.reopened === 1 ? 'once' : `${item.reopened} times`}`}
        </li>
        {notes.map(note => (
          <li key={note.id} className="Note" data-author={note.author} data-caseloop="note">
            <span className="dim">
              <strong>{note.name}</strong> {note.is_answer && 'answered '}
              <time title={moment(note.written)}>{ago(note.written)}</time>
            </span>
            <Markdown text={note.text} />
            {note.comments.map((comment, index) => (
              <p key={index} className="NoteComment">
                <button type="button" className="Link" onClick={() => onPlace(comment.place)}>
                  {placeName(comment.place, cells)}
                </button>{' '}
                {comment.text}
              </p>
            ))}
          </li>
        ))}
      </ol>
    </Section>
  );
}
