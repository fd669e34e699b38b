import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import type { EscalationView } from '../api/mentor-types';
import type { Place } from '../api/types';
import { Button, Icon } from '../parts/elements';
import { personIcon } from '../parts/icons';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import { AnswerRating } from './answer-rating';
import type { MentorDesk } from './desk';
import { NoteItem } from './note-item';
import { isOpen, stateWords } from './words';

interface ConversationProps {
  desk: MentorDesk;
  question: EscalationView;
  show: (place: Place) => void;
}

/** One question: where it stands, what was said, and what can be done about it. */
export function MentorConversation({ desk, question, show }: ConversationProps): JSX.Element {
  const cancel = async (): Promise<void> => {
    const { button } = await showDialog({
      title: 'Take your question back?',
      body: 'Mentors no longer see it in their queue. You can ask again later.',
      buttons: [Dialog.cancelButton({ label: 'Keep it' }), Dialog.okButton({ label: 'Take it back' })]
    });
    if (button.accept) {
      await desk.cancel(question.id);
    }
  };
  return (
    <div className="caseloop-Question" data-caseloop="question" data-state={question.state}>
      <QuestionState question={question} />
      {question.notes.length > 0 && (
        <ol className="caseloop-Notes" aria-label="Conversation with the mentor" data-caseloop="mentor-notes">
          {question.notes.map(note => (
            <NoteItem key={note.id} note={note} show={show} />
          ))}
        </ol>
      )}
      <AnswerRating desk={desk} question={question} />
      <Composer desk={desk} question={question} />
      {isOpen(question) && (
        <Button name="cancel-question" look="link" onClick={() => void cancel()}>
          Take the question back
        </Button>
      )}
    </div>
  );
}

/** Where a question stands, in a line. */
export function QuestionState({ question }: { question: EscalationView }): JSX.Element {
  return (
    <p className="caseloop-State" data-caseloop="question-state" data-state={question.state}>
      <Icon icon={personIcon} />
      {stateWords(question)}
    </p>
  );
}

function Composer({ desk, question }: { desk: MentorDesk; question: EscalationView }): JSX.Element {
  const ready = !desk.busy && desk.drafts.message.trim() !== '';
  const more = question.notes.length ? 'Add something' : 'Add what the mentor should know';
  const send = (): void => {
    if (ready) {
      void desk.write(question.id);
    }
  };
  return (
    <div className="caseloop-MentorComposer">
      <TextBox
        name="mentor-text"
        label={isOpen(question) ? more : 'Ask on: a mentor reads it next'}
        value={desk.drafts.message}
        limit={MAX_TEXT.note}
        change={text => desk.type('message', text)}
        enter={send}
      />
      <Button name="send-note" aria-disabled={!ready || undefined} title="Enter sends, Shift+Enter breaks the line" onClick={send}>
        Send
      </Button>
    </div>
  );
}
