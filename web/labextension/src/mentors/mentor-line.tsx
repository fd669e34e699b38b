import * as React from 'react';
import { Button } from '../parts/elements';
import type { MentorDesk } from './desk';
import { QuestionState } from './conversation';

/** Above hints and chat: that a person can be asked, or what became of a question. */
export function MentorLine({ desk, open }: { desk: MentorDesk; open: () => void }): JSX.Element | null {
  const { question } = desk;
  if (desk.offered) {
    const ask = (): void => {
      desk.ask(true);
      open();
    };
    return (
      <p className="caseloop-MentorLine" data-caseloop="mentor-line">
        <span>Still stuck?</span>
        <Button name="ask-mentor" onClick={ask}>
          Ask a mentor
        </Button>
      </p>
    );
  }
  if (!question || question.state === 'rated') {
    return null;
  }
  return (
    <div className="caseloop-MentorLine" data-caseloop="mentor-line">
      <QuestionState question={question} />
      <Button name="open-conversation" look="link" onClick={open}>
        {question.state === 'answered' ? 'Read' : 'Show'}
      </Button>
    </div>
  );
}
