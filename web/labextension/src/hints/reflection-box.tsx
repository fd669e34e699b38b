import * as React from 'react';
import type { HintView } from '../api/assisted-types';
import { announce } from '../parts/announce';
import { Button } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { HintDesk } from './desk';
import { isOpen, isThought } from './words';

interface ReflectionProps {
  hint: HintView;
  /** Take the focus when the box appears. */
  focus: boolean;
  /** The hint is shown only after a thought. */
  required: boolean;
  desk: HintDesk;
}

const TOO_SHORT = 'Three words or more, please.';

/**
 * What the learner thinks while the hint is made. When the hint comes first, the box stays for as long as the cursor
 * or something unsent is in it: nothing goes away beneath somebody's hands.
 */
export function ReflectionBox({ hint, focus, required, desk }: ReflectionProps): JSX.Element | null {
  const [text, setText] = React.useState(desk.drafts.get(hint.id) ?? '');
  const [held, setHeld] = React.useState(false);
  const sending = React.useRef(false);
  const thought = React.useRef<HTMLQuoteElement>(null);
  React.useEffect(() => {
    if (sending.current && hint.reflection) {
      sending.current = false;
      passFocus(thought.current);
    }
  }, [hint.reflection]);
  if (hint.reflection) {
    return (
      <blockquote className="caseloop-Thought" tabIndex={-1} ref={thought} data-caseloop="reflection">
        <cite>You thought</cite>
        <p>{hint.reflection}</p>
      </blockquote>
    );
  }
  const awaited = held && hint.state === 'ready' && hint.helpful === null;
  if (!isOpen(hint) && !awaited && !text.trim()) {
    return null;
  }
  const send = async (): Promise<void> => {
    if (!isThought(text)) {
      announce(TOO_SHORT);
    } else if (!sending.current) {
      sending.current = true;
      sending.current = await desk.reflect(hint.id, text.trim());
    }
  };
  return (
    <div
      className="caseloop-Reflection"
      data-caseloop="reflection-box"
      data-required={required}
      onFocus={() => setHeld(true)}
      onBlur={() => isOpen(hint) && setHeld(false)}
    >
      <TextBox
        name="reflection-text"
        label={hint.state === 'working' ? 'While the hint is made: what do you think is going on?' : 'What do you think is going on?'}
        about={required ? 'You see the hint when you have written three words or more.' : 'From three words on, the hint can answer to it.'}
        value={text}
        focus={focus}
        limit={MAX_TEXT.reflection}
        enter={() => void send()}
        change={typed => {
          desk.drafts.set(hint.id, typed);
          setText(typed);
        }}
      />
      <Button
        name="send-reflection"
        aria-disabled={!isThought(text) || undefined}
        title={isThought(text) ? undefined : TOO_SHORT}
        onClick={() => void send()}
      >
        {required ? 'Keep it and see the hint' : 'Keep it'}
      </Button>
    </div>
  );
}
