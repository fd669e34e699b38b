import * as React from 'react';
import { passFocus } from './focus';

/** Most characters, as the wire models allow (services/contracts/hint.py, chat.py, escalation.py, style.py). */
export const MAX_TEXT = { reflection: 2_000, message: 4_000, note: 10_000, reason: 1_000 };
/** Characters from the limit at which it is said. */
const NEAR = 200;

interface TextBoxProps {
  name: string;
  label: string;
  /** A sentence beneath the label. */
  about?: string;
  value: string;
  limit: number;
  focus?: boolean;
  placeholder?: string;
  change: (text: string) => void;
  /** Enter was pressed; Shift+Enter breaks the line. */
  enter: () => void;
}

/** A box for a few sentences: Enter hands them over, Shift+Enter breaks the line. */
export function TextBox({ name, label, about, value, limit, focus, placeholder, change, enter }: TextBoxProps): JSX.Element {
  const id = React.useId();
  const box = React.useRef<HTMLTextAreaElement>(null);
  React.useEffect(() => {
    if (focus) {
      passFocus(box.current);
    }
  }, [focus]);
  const keyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) {
      event.stopPropagation(); // keys of an input method are for it alone
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      enter();
    }
  };
  return (
    <div className="caseloop-TextBox">
      <label htmlFor={id}>{label}</label>
      {about && (
        <p className="caseloop-mod-quiet" id={`${id}-about`}>
          {about}
        </p>
      )}
      <textarea
        ref={box}
        id={id}
        rows={2}
        value={value}
        maxLength={limit}
        placeholder={placeholder}
        aria-describedby={about && `${id}-about`}
        data-caseloop={name}
        onChange={event => change(event.target.value)}
        onKeyDown={keyDown}
      />
      {value.length > limit - NEAR && (
        <p className="caseloop-mod-quiet">
          {value.length} of {limit} characters
        </p>
      )}
    </div>
  );
}
