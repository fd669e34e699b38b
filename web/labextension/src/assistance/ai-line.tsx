import * as React from 'react';
import { Button, Icon } from '../parts/elements';
import { useFocusReturn } from '../parts/focus';
import { noteIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import { Consent } from './consent';
import type { AssistanceModel } from './model';
import { standing, WITHOUT_AI } from './words';

/** Where the learner stands with AI in this case, and the way to change it. */
export function AiLine({ assistance }: { assistance: AssistanceModel }): JSX.Element | null {
  useSignals(assistance.changed);
  const [changing, setChanging] = React.useState(false);
  const standingLine = useFocusReturn<HTMLParagraphElement>();
  const close = (): void => {
    setChanging(false);
    standingLine.expect(); // the buttons that had the focus are gone
  };
  if (assistance.off) {
    return <WithoutAi />;
  }
  const { value } = assistance;
  if (!value) {
    return null;
  }
  if (changing) {
    return <Consent assistance={assistance} done={close} cancel={close} />;
  }
  return (
    <p
      className="caseloop-AiLine caseloop-mod-quiet"
      ref={standingLine.ref}
      data-caseloop="ai-standing"
      data-choice={value.choice === null ? 'none' : value.choice ? 'yes' : 'no'}
      data-uses={value.uses}
    >
      <span>AI help: {standing(value)}</span>
      <Button name="change-ai" look="link" aria-label="Change whether AI helps you" onClick={() => setChanging(true)}>
        {value.choice === null ? 'Decide' : 'Change'}
      </Button>
    </p>
  );
}

/** The case's author decided against AI. */
export function WithoutAi(): JSX.Element {
  return (
    <p className="caseloop-WithoutAi" data-caseloop="without-ai">
      <Icon icon={noteIcon} />
      <span>{WITHOUT_AI}</span>
    </p>
  );
}
