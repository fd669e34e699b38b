import * as React from 'react';
import type { LabSubtask } from '../api/types';
import type { PanelServices } from '../panel/services';
import { Button, Icon, Problem } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { personIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import { AskForm } from './ask-form';
import { MentorConversation } from './conversation';
import { reasonWords } from './words';

interface SectionProps {
  subtask: LabSubtask;
  services: PanelServices;
}

/** The way to a person: offered, asked, answered. Empty while there is neither an offer nor a question. */
export function MentorSection({ subtask, services }: SectionProps): JSX.Element | null {
  const { mentors, notebooks } = services;
  const desk = mentors.of(subtask.view.id);
  useSignals(desk.changed);
  const box = React.useRef<HTMLDivElement>(null);
  const before = React.useRef(desk.asking);
  const { question } = desk;
  React.useEffect(() => {
    // the form that had the focus has gone
    if (before.current && !desk.asking) {
      const find = (name: string) => box.current?.querySelector<HTMLElement>(`[data-caseloop="${name}"]`);
      passFocus(find('ask-mentor') ?? find('mentor-text'));
    }
    before.current = desk.asking;
  }, [desk.asking]);
  if (!desk.offered && !question) {
    return null;
  }
  const show = (place: Parameters<typeof notebooks.showPlace>[0]): void => void notebooks.showPlace(place);
  return (
    <div className="caseloop-Mentoring" data-caseloop="mentoring" ref={box}>
      {desk.problem && <Problem problem={desk.problem} name="mentor-problem" />}
      {desk.offered && desk.asking && <AskForm subtask={subtask} desk={desk} services={services} />}
      {desk.offered && !desk.asking && (
        <div className="caseloop-MentorOffer" data-caseloop="mentor-offer">
          <p>{reasonWords(desk.offer?.reasons ?? [])} A person can look at your work.</p>
          <Button name="ask-mentor" look="primary" onClick={() => desk.ask(true)}>
            <Icon icon={personIcon} />
            Ask a mentor
          </Button>
        </div>
      )}
      {question && <MentorConversation key={question.id} desk={desk} question={question} show={show} />}
    </div>
  );
}
