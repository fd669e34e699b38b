import * as React from 'react';
import type { LabSubtask } from '../api/types';
import { AiLine, WithoutAi } from '../assistance/ai-line';
import { Consent } from '../assistance/consent';
import { ChatSection } from '../chat/chat-section';
import { HintsSection } from '../hints/hints-section';
import type { PanelServices } from '../panel/services';
import { Subview } from '../panel/subview';
import { Loading, Problem } from '../parts/elements';
import { useSignals } from '../parts/signals';
import { Tabs } from '../parts/tabs';

const TABS = [
  { id: 'hints', title: 'Hints' },
  { id: 'chat', title: 'Chat' }
] as const;

interface HelpProps {
  subtask: LabSubtask;
  services: PanelServices;
}

/** Hints and chat of a step; before the first of them, the learner's choice. */
export function HelpView({ subtask, services }: HelpProps): JSX.Element {
  useSignals(services.assistance.changed);
  return (
    <Subview title="Help" subtitle={subtask.view.title} name="help-view" place={services.place}>
      <Content subtask={subtask} services={services} />
    </Subview>
  );
}

function Content({ subtask, services }: HelpProps): JSX.Element {
  const { assistance } = services;
  const { value, problem } = assistance;
  const after = React.useRef<HTMLDivElement>(null);
  const asked = React.useRef(false);
  React.useEffect(() => {
    // the buttons of the question have gone with its answer
    if (asked.current && value?.choice !== null) {
      const find = (selector: string) => after.current?.querySelector<HTMLElement>(selector);
      (find('[role="tab"][aria-selected="true"]') ?? find('button'))?.focus();
    }
    asked.current = value?.choice === null;
  }, [value?.choice]);
  if (assistance.off) {
    return <WithoutAi />;
  }
  if (!value) {
    return problem ? (
      <Problem problem={problem} retry={() => void assistance.load()} name="help-problem" />
    ) : (
      <Loading words="Loading…" />
    );
  }
  if (value.choice === null) {
    return <Consent assistance={assistance} />;
  }
  return (
    <div className="caseloop-Help" ref={after}>
      {value.choice ? (
        <>
          <AiLine assistance={assistance} />
          <Helps subtask={subtask} services={services} />
        </>
      ) : (
        <>
          <p data-caseloop="ai-declined">
            You work on this case without AI. The checks, the hints beneath your cells and what mentors wrote are there as
            before.
          </p>
          <AiLine assistance={assistance} />
        </>
      )}
    </div>
  );
}

function Helps({ subtask, services }: HelpProps): JSX.Element {
  const { model, desks } = services;
  const desk = desks.of(subtask.view.id);
  const [tab, setTab] = React.useState(desk.tab);
  const ready = model.status === 'ready';
  React.useEffect(() => {
    // when the view opens, and when Caseloop is back
    if (ready) {
      void desk.hints.load();
      void desk.chat.load();
    }
  }, [desk, ready]);
  return (
    <Tabs
      label="Help"
      tabs={TABS}
      selected={tab}
      select={chosen => {
        desk.tab = chosen;
        setTab(chosen);
      }}
    >
      {tab === 'hints' ? (
        <HintsSection subtask={subtask} desk={desk.hints} services={services} />
      ) : (
        <ChatSection subtask={subtask} desk={desk.chat} services={services} />
      )}
    </Tabs>
  );
}
