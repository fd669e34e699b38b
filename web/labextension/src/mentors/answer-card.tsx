import * as React from 'react';
import type { Place } from '../api/types';
import { Button } from '../parts/elements';
import { Prose } from '../parts/prose';
import { AnswerRating } from './answer-rating';
import { QuestionState } from './conversation';
import type { MentorDesk } from './desk';
import { Comments } from './note-item';
import { newestAnswer } from './words';

interface CardProps {
  desk: MentorDesk;
  /** The step is approved: an answer that was rated has done its work. */
  done: boolean;
  show: (place: Place) => void;
  open: () => void;
}

/** Beneath the answer cell: where the question to a mentor stands, and the answer itself. */
export function AnswerCard({ desk, done, show, open }: CardProps): JSX.Element | null {
  const { question } = desk;
  if (!question || (done && question.state === 'rated')) {
    return null;
  }
  const answer = newestAnswer(question);
  return (
    <aside className="caseloop-Answer" aria-label="Your question to a mentor" data-caseloop="mentor-answer" data-state={question.state}>
      <header>
        <QuestionState question={question} />
        <Button name="open-conversation" look="link" onClick={open}>
          Conversation
        </Button>
      </header>
      {answer && (
        <div data-caseloop="mentor-words">
          <Prose text={answer.text} />
          <Comments comments={answer.comments} show={show} />
        </div>
      )}
      <AnswerRating desk={desk} question={question} />
    </aside>
  );
}
