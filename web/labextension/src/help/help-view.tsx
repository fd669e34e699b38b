import * as React from 'react';
import type { LabSubtask } from '../api/types';
import { AiLine, WithoutAi } from '../assistance/ai-line';
import { Consent } from '../assistance/consent';
import { ChatSection } from '../chat/chat-section';
import { MentorLine } from '../mentors/mentor-line';
import { MentorSection } from '../mentors/mentor-section';
import { HintsSection } from '../hints/hints-section';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { Loading, Problem } from '../parts/elements';
import { passFocus } from '../parts/focus';
import { useSignals } from '../parts/signals';
import { Tabs } from '../parts/tabs';
import type { HelpDesk, HelpTab } from './desks';

const TABS: readonly { id: HelpTab; title: string }[] = [
  { id: 'hints', title: 'Hints' },
  { id: 'chat', title: 'Chat' }
];
const WITH_MENTOR: typeof TABS = [...TABS, { id: 'mentor', title: 'Mentor' }];

interface HelpProps {
  subtask: LabSubtask;
  services: PanelServices;
}

interface ViewProps extends HelpProps {
  /** Begin with this tab instead of the one that was open last. */
  tab?: HelpTab;
}

/** Hints, chat and mentor of a step; before the first two of them, the learner's choice about AI. */
export function HelpView({ subtask, tab, services }: ViewProps): JSX.Element {
  const { assistance, mentors, model } = services;
  useSignals(assistance.changed);
  const ready = model.status === 'ready';
  React.useEffect(() => {
    if (ready) {
      void mentors.of(subtask.view.id).load();
    }
  }, [ready]);
  return (
    <Subview title="Help" subtitle={subtask.view.title} name="help-view" place={services.place}>
      <Content subtask={subtask} tab={tab} services={services} />
    </Subview>
  );
}

function Content({ subtask, tab, services }: ViewProps): JSX.Element {
  const { assistance } = services;
  const { value, problem } = assistance;
  const after = React.useRef<HTMLDivElement>(null);
  const asked = React.useRef(false);
  React.useEffect(() => {
    // the buttons of the question have gone with its answer
    if (asked.current && value?.choice !== null) {
      const find = (selector: string) => after.current?.querySelector<HTMLElement>(selector);
      passFocus(find('[role="tab"][aria-selected="true"]') ?? find('button'));
    }
    asked.current = value?.choice === null;
  }, [value?.choice]);
  if (assistance.off) {
    return (
      <>
        <WithoutAi />
        <MentorSection subtask={subtask} services={services} />
      </>
    );
  }
  if (!value) {
    return problem ? (
      <Problem problem={problem} retry={() => void assistance.load()} name="help-problem" />
    ) : (
      <Loading words="Loading…" />
    );
  }
  if (value.choice === null) {
    return (
      <>
        <Consent assistance={assistance} />
        <MentorSection subtask={subtask} services={services} />
      </>
    );
  }
  return (
    <div className="caseloop-Help" ref={after}>
      {value.choice ? (
        <>
          <AiLine assistance={assistance} />
          <Helps subtask={subtask} tab={tab} services={services} />
        </>
      ) : (
        <>
          <p data-caseloop="ai-declined">
            You work on this case without AI. The checks, the hints beneath your cells and what mentors wrote are there as
            before.
          </p>
          <AiLine assistance={assistance} />
          <MentorSection subtask={subtask} services={services} />
        </>
      )}
    </div>
  );
}

function Helps({ subtask, tab: wanted, services }: ViewProps): JSX.Element {
  const { model, desks, mentors } = services;
  const desk = desks.of(subtask.view.id);
  const mentor = mentors.of(subtask.view.id);
  useSignals(mentor.changed);
  const [chosen, setTab] = React.useState(wanted ?? desk.tab);
  React.useEffect(() => wanted && setTab(wanted), [wanted]);
  const ready = model.status === 'ready';
  const person = mentor.offered || mentor.question !== undefined;
  const tab = chosen === 'mentor' && !person ? 'hints' : chosen;
  const rated = useRated(desk);
  React.useEffect(() => {
    // when the view opens, and when Caseloop is back
    if (ready) {
      void desk.hints.load();
      void desk.chat.load();
    }
  }, [desk, ready]);
  React.useEffect(() => {
    // a hint that did not help opens the way to a mentor
    if (rated) {
      void mentor.load();
    }
  }, [rated]);
  const select = (next: HelpTab): void => {
    desk.tab = next;
    setTab(next);
  };
  return (
    <>
      {tab !== 'mentor' && <MentorLine desk={mentor} open={() => select('mentor')} />}
      <Tabs label="Help" tabs={person ? WITH_MENTOR : TABS} selected={tab} select={select}>
        {tab === 'hints' ? (
          <HintsSection subtask={subtask} desk={desk.hints} services={services} />
        ) : tab === 'chat' ? (
          <ChatSection subtask={subtask} desk={desk.chat} services={services} />
        ) : (
          <MentorSection subtask={subtask} services={services} />
        )}
      </Tabs>
    </>
  );
}

/** How many hints of the step were rated, followed as they are. */
function useRated({ hints }: HelpDesk): number {
  useSignals(hints.changed);
  return hints.shelf?.hints.filter(hint => hint.helpful !== null).length ?? 0;
}
