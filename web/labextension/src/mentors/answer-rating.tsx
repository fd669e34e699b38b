import * as React from 'react';
import type { EscalationView } from '../api/mentor-types';
import { Button } from '../parts/elements';
import { Rating } from '../parts/rating';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { MentorDesk } from './desk';

/** Whether a mentor's answer helped; when not, the learner can say what is still unclear, and a mentor looks again. */
export function AnswerRating({ desk, question }: { desk: MentorDesk; question: EscalationView }): JSX.Element | null {
  const [unclear, setUnclear] = React.useState(false);
  React.useEffect(() => setUnclear(false), [question.state]);
  if (question.state === 'rated') {
    return <Rating helpful={question.helpful} rate={() => undefined} />;
  }
  if (question.state !== 'answered') {
    return null;
  }
  if (!unclear) {
    return <Rating helpful={null} rate={helpful => (helpful ? void desk.rate(question.id, true) : setUnclear(true))} />;
  }
  const send = (): void => void desk.rate(question.id, false);
  return (
    <div className="caseloop-Unclear" data-caseloop="unclear">
      <TextBox
        name="unclear-text"
        label="What is still unclear? (optional)"
        value={desk.drafts.unclear}
        limit={MAX_TEXT.note}
        focus
        change={text => desk.type('unclear', text)}
        enter={send}
      />
      <div className="caseloop-Buttons">
        <Button name="send-unclear" look="primary" onClick={send}>
          Ask a mentor again
        </Button>
        <Button name="cancel-unclear" look="link" onClick={() => setUnclear(false)}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
