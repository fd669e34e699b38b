import * as React from 'react';
import { ApiError } from '../api/errors';
import type { LabSubtask } from '../api/types';
import { currentFeedback } from '../feedback/current';
import type { PanelServices } from '../panel/services';
import { announce } from '../parts/announce';
import { Button } from '../parts/elements';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { MentorDesk } from './desk';
import { notebookOutputs } from './outputs';
import { reasonWords, seenByMentors } from './words';

interface FormProps {
  subtask: LabSubtask;
  desk: MentorDesk;
  services: PanelServices;
}

/** The question to a mentor: what is sent and who sees it, in plain words, before it is sent. */
export function AskForm({ subtask, desk, services }: FormProps): JSX.Element {
  const { view } = subtask;
  const heading = React.useId();
  const mail = React.useId();
  const form = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    // after the view around it has taken the focus to its heading
    const frame = window.requestAnimationFrame(() => form.current?.querySelector('textarea')?.focus());
    return () => window.cancelAnimationFrame(frame);
  }, []);
  const feedback = currentFeedback(services.notebooks, view);
  const send = async (): Promise<void> => {
    try {
      const submission = feedback?.stored.submission || (await services.client.history(view.id))[0]?.submission;
      const outputs = notebookOutputs(services.notebooks.panel, view.cells);
      await (submission ? desk.open(submission, outputs) : Promise.resolve(announce('Check this step first.', true)));
    } catch (reason) {
      announce(ApiError.from(reason).detail, true);
    }
  };
  return (
    <section className="caseloop-Consent" ref={form} aria-labelledby={heading} data-caseloop="ask-form">
      <h3 id={heading}>Ask a mentor</h3>
      {desk.offer && <p>{reasonWords(desk.offer.reasons)} A person can look at your work now.</p>}
      <p>Mentors will see:</p>
      <ul data-caseloop="seen-by-mentors">
        {seenByMentors(feedback?.stored.number).map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {feedback?.stale && (
        <p data-caseloop="ask-stale">You have changed the code since. Check again first if the mentor should see it as it is now.</p>
      )}
      <TextBox
        name="ask-notes"
        label="What have you tried, and where are you stuck? (optional)"
        value={desk.drafts.notes}
        limit={MAX_TEXT.note}
        change={text => desk.type('notes', text)}
        enter={() => form.current?.querySelector('button')?.focus()}
      />
      <div className="caseloop-TextBox">
        <label htmlFor={mail}>E-mail for the answer (optional)</label>
        <input
          id={mail}
          type="email"
          autoComplete="email"
          maxLength={254}
          value={desk.drafts.email}
          data-caseloop="ask-email"
          aria-describedby={`${mail}-about`}
          onChange={event => desk.type('email', event.target.value)}
        />
        <p className="caseloop-mod-quiet" id={`${mail}-about`}>
          Used for this answer only. It appears here in any case.
        </p>
      </div>
      <div className="caseloop-Buttons">
        <Button name="send-question" look="primary" aria-disabled={desk.busy || undefined} onClick={() => !desk.busy && void send()}>
          Send to a mentor
        </Button>
        <Button name="cancel-ask" look="link" onClick={() => desk.ask(false)}>
          Not now
        </Button>
      </div>
    </section>
  );
}
