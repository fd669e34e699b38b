import * as React from 'react';
import { Button, Icon } from '../parts/elements';
import { useFocusReturn } from '../parts/focus';
import { recordIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import { RecordingConsent } from './consent';
import type { RecordingModel } from './model';
import { standing } from './words';

/** Whether sessions are recorded, always in sight, and the way to change it; at first use, the question itself. */
export function RecordingLine({ recording }: { recording: RecordingModel }): JSX.Element | null {
  useSignals(recording.changed);
  const [changing, setChanging] = React.useState(false);
  const standingLine = useFocusReturn<HTMLParagraphElement>();
  const close = (): void => {
    setChanging(false);
    standingLine.expect(); // the buttons that had the focus are gone
  };
  const { value } = recording;
  if (!value) {
    return null;
  }
  if (value.record === null) {
    return <RecordingConsent recording={recording} done={close} />;
  }
  if (changing) {
    return <RecordingConsent recording={recording} done={close} cancel={close} />;
  }
  return (
    <p
      className="caseloop-AiLine caseloop-mod-quiet"
      ref={standingLine.ref}
      data-caseloop="recording-standing"
      data-record={value.record ? 'yes' : 'no'}
    >
      <Icon icon={recordIcon} className={value.record ? 'caseloop-mod-recording' : ''} />
      <span>Recording: {standing(value)}</span>
      <Button
        name="change-recording"
        look="link"
        aria-label="Change whether your sessions are recorded, or save or delete them"
        onClick={() => setChanging(true)}
      >
        Change
      </Button>
    </p>
  );
}
