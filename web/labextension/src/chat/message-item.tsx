import * as React from 'react';
import type { Cited, Message } from '../api/assisted-types';
import type { Place } from '../api/types';
import { writtenBy } from '../assistance/words';
import { Button } from '../parts/elements';
import { Lines, Prose } from '../parts/prose';
import { briefMoment, moment } from '../parts/words';

interface MessageProps {
  message: Message;
  /** Where a finding is, while it is the current one. */
  place: (finding: string) => Place | null;
  show: (place: Place) => void;
  /** Nothing comes after it. */
  last: boolean;
  /** Send a follow-up of the last answer; left out while none may be sent. */
  follow?: (text: string) => void;
}

/** One turn: the learner's own words as they were typed, or an answer with what it is about and who wrote it. */
export function MessageItem({ message, place, show, last, follow }: MessageProps): JSX.Element {
  if (message.role === 'learner') {
    return <LearnerItem text={message.text} title={moment(message.sent)} left={last} />;
  }
  return (
    <li className="caseloop-Message caseloop-mod-assistant" data-caseloop="message" data-role="assistant" data-by={message.words_by}>
      <h4>Assistant</h4>
      <Prose text={message.text} />
      {message.truncated && (
        <p className="caseloop-mod-quiet" data-caseloop="truncated">
          … The answer was longer than may be shown. Ask on for the rest.
        </p>
      )}
      {message.cites.length > 0 && (
        <ul className="caseloop-Cites" aria-label="Findings this is about">
          {message.cites.map(cited => (
            <CitedItem key={cited.finding} cited={cited} place={place(cited.finding)} show={show} />
          ))}
        </ul>
      )}
      <p className="caseloop-mod-quiet" data-caseloop="written-by" data-by={message.words_by}>
        {writtenBy(message.words_by)} · {briefMoment(message.sent)}
      </p>
      {follow && last && message.follow_ups.length > 0 && (
        <div className="caseloop-FollowUps" role="group" aria-label="Suggestions">
          {message.follow_ups.map(text => (
            <Button key={text} name="follow-up" onClick={() => follow(text)}>
              {text}
            </Button>
          ))}
        </div>
      )}
    </li>
  );
}

/** `left`: nobody waited for an answer. */
export function LearnerItem({ text, title, left = false }: { text: string; title?: string; left?: boolean }): JSX.Element {
  return (
    <li className="caseloop-Message caseloop-mod-learner" data-caseloop="message" data-role="learner" title={title}>
      <h4 className="caseloop-hidden">You</h4>
      <p>{text}</p>
      {left && (
        <p className="caseloop-mod-quiet" data-caseloop="unanswered">
          Not answered.
        </p>
      )}
    </li>
  );
}

/** A finding that an answer explains: a way to its place, or, when that is not the current one any more, its words. */
function CitedItem({ cited, place, show }: { cited: Cited; place: Place | null; show: (place: Place) => void }): JSX.Element {
  return (
    <li data-caseloop="cite" data-finding={cited.finding}>
      {place ? (
        <Button name="go-to-cite" look="link" title="Go to the place in your code" onClick={() => show(place)}>
          <span>
            <Lines text={cited.message} />
          </span>
        </Button>
      ) : (
        <span className="caseloop-mod-quiet">
          <Lines text={cited.message} />
        </span>
      )}
    </li>
  );
}
