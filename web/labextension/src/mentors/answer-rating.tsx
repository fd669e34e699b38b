import * as React from 'react';
import type { EscalationView } from '../api/mentor-types';
import { Button } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { Rating } from '../parts/rating';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { MentorDesk } from './desk';

type Asked = 'nothing' | 'anew' | 'unclear';

/**
 * Whether a mentor's answer helped, which the learner may think otherwise of later; when it did not, they can say what is
 * still unclear, and a mentor looks again.
 */
export function AnswerRating({ desk, question }: { desk: MentorDesk; question: EscalationView }): JSX.Element | null {
  const [asked, ask] = React.useState<Asked>('nothing');
  const box = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => ask('nothing'), [question.state]);
  React.useEffect(() => {
    // the button that asked for it has gone
    if (asked === 'anew') {
      passFocus(box.current?.querySelector('button'));
    }
  }, [asked]);
  const rated = question.state === 'rated';
  if (!rated && question.state !== 'answered') {
    return null;
  }
  if (asked === 'unclear') {
    return <Unclear desk={desk} question={question} close={() => ask('nothing')} />;
  }
  const rate = async (helpful: boolean): Promise<void> => {
    if (!helpful) {
      ask('unclear');
    } else {
      await desk.rate(question.id, true);
      ask('nothing');
    }
  };
  const known = rated && asked === 'nothing' ? question.helpful : null;
  return (
    <div className="caseloop-Rated" ref={box}>
      <Rating helpful={known} rate={helpful => void rate(helpful)} />
      {known !== null && (
        <Button name="change-rating" look="link" onClick={() => ask('anew')}>
          Change
        </Button>
      )}
    </div>
  );
}

interface UnclearProps {
  desk: MentorDesk;
  question: EscalationView;
  close: () => void;
}

function Unclear({ desk, question, close }: UnclearProps): JSX.Element {
  const send = async (): Promise<void> => {
    if (await desk.rate(question.id, false)) {
      close(); // also where the question stays as it is, because a newer one waits
    }
  };
  return (
    <div className="caseloop-Unclear" data-caseloop="unclear">
      <TextBox
        name="unclear-text"
        label="What is still unclear? (optional)"
        value={desk.drafts.unclear}
        limit={MAX_TEXT.note}
        focus
        change={text => desk.type('unclear', text)}
        enter={() => void send()}
      />
      <div className="caseloop-Buttons">
        <Button name="send-unclear" look="primary" onClick={() => void send()}>
          Ask a mentor again
        </Button>
        <Button name="cancel-unclear" look="link" onClick={close}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
