import { useEffect, useRef } from 'react';
import type { LineComment } from '../api/mentoring-types';
import type { Cell, Place } from '../api/types';
import { placeName } from './places';

interface Props {
  comments: LineComment[];
  cells: Cell[];
  onChange: (comments: LineComment[]) => void;
  onPlace: (place: Place) => void;
}

/** Comments on single lines; a new one has the focus. */
export function CommentList({ comments, cells, onChange, onPlace }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const count = useRef(comments.length);
  useEffect(() => {
    if (comments.length > count.current) {
      list.current?.querySelector<HTMLElement>('li:last-child textarea')?.focus();
    }
    count.current = comments.length;
  }, [comments.length]);
  return (
    <ul className="Plain Comments" ref={list}>
      {comments.map(({ place, text }, index) => {
        const name = placeName(place, cells);
        const write = (words: string) =>
          onChange(comments.map((other, at) => (at === index ? { ...other, text: words } : other)));
        return (
          <li key={`${place.cell} ${place.line}`} data-caseloop="line-comment">
            <button type="button" className="Link" onClick={() => onPlace(place)}>
              {name}
            </button>
            <textarea
              rows={2}
              maxLength={2000}
              aria-label={`Comment on ${name}`}
              value={text}
              onChange={event => write(event.target.value)}
            />
            <button
              type="button"
              className="Button is-quiet"
              aria-label={`Remove the comment on ${name}`}
              onClick={() => onChange(comments.filter((_, at) => at !== index))}
            >
              ×
            </button>
          </li>
        );
      })}
    </ul>
  );
}
