import * as React from 'react';
import { announce } from '../parts/announce';
import { Button, Problem } from '../parts/elements';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { ReviewDesk } from './desk';

interface FormProps {
  finding: string;
  desk: ReviewDesk;
  close: () => void;
  /** The remark has left the list, and this form goes with it. */
  gone: (form: HTMLElement | null) => void;
}

/** Why a remark should stay: asked for, kept, and seen by mentors. */
export function DismissForm({ finding, desk, close, gone }: FormProps): JSX.Element {
  const [reason, setReason] = React.useState('');
  const [missing, setMissing] = React.useState(false);
  const form = React.useRef<HTMLDivElement>(null);
  const send = async (): Promise<void> => {
    if (desk.busy) {
      return;
    }
    if (!reason.trim()) {
      setMissing(true);
      announce('Write a reason first.', true);
      return;
    }
    if (await desk.dismiss(finding, reason.trim())) {
      announce('Left as it is. Mentors see your reason.');
      gone(form.current);
    }
  };
  const cancel = (): void => {
    desk.forgetRefusal();
    close();
  };
  return (
    <div
      ref={form}
      className="caseloop-DismissForm"
      role="group"
      aria-label="Leave this remark as it is"
      data-caseloop="dismiss-form"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation(); // the view itself stays
          cancel();
        }
      }}
    >
      <TextBox
        name="dismiss-reason"
        label="Why should it stay?"
        about="Your reason is kept, and mentors see it."
        value={reason}
        limit={MAX_TEXT.reason}
        focus
        change={text => {
          setReason(text);
          setMissing(false);
        }}
        enter={() => void send()}
      />
      {missing && (
        <p className="caseloop-mod-quiet" data-caseloop="reason-missing">
          Write a reason first.
        </p>
      )}
      {desk.refusal && <Problem problem={desk.refusal} name="dismiss-problem" />}
      <div className="caseloop-Buttons">
        <Button name="send-dismissal" look="primary" aria-disabled={desk.busy || undefined} onClick={() => void send()}>
          Leave as it is
        </Button>
        <Button name="cancel-dismissal" look="link" onClick={cancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
