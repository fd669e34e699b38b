import * as React from 'react';
import type { HintKind } from '../api/assisted-types';
import type { LabSubtask } from '../api/types';
import { notebookCells } from '../case/notebook-cells';
import { currentFeedback, useEdits } from '../feedback/current';
import type { PanelServices } from '../panel/services';
import { Loading, Problem } from '../parts/elements';
import { useSignals } from '../parts/signals';
import type { HintDesk } from './desk';
import { HintCard } from './hint-card';
import { KindItem } from './kind-item';
import { KINDS, ordered, pendingFirst, type StepFacts } from './words';

interface SectionProps {
  subtask: LabSubtask;
  desk: HintDesk;
  services: PanelServices;
}

/** Hints of a step: what there is to ask for, the one in the making, and those there were. */
export function HintsSection({ subtask, desk, services }: SectionProps): JSX.Element {
  const { notebooks } = services;
  const { shelf, problem } = desk;
  useSignals(desk.changed, notebooks.changed);
  useEdits(notebooks.panel);
  const [fresh, setFresh] = React.useState<string>();
  const reason = React.useId();
  if (!shelf) {
    return problem && !desk.loading ? (
      <Problem problem={problem} retry={() => void desk.load()} name="hints-problem" />
    ) : (
      <Loading words="Loading your hints…" />
    );
  }
  const facts = stepFacts(subtask, services);
  const words = pendingFirst(shelf);
  const first = words ? { words, id: reason } : undefined;
  const ask = async (kind: HintKind): Promise<void> => {
    const hint = await desk.ask(kind, async () => notebookCells(await notebooks.open()));
    setFresh(hint?.id);
  };
  return (
    <>
      <ul className="caseloop-Kinds" aria-label="Kinds of hints">
        {KINDS.map(kind => (
          <KindItem
            key={kind}
            kind={kind}
            shelf={shelf}
            facts={facts}
            asking={desk.asking}
            first={first}
            ask={() => void ask(kind)}
          />
        ))}
      </ul>
      {first && (
        <p className="caseloop-Reason" id={first.id} data-caseloop="hint-first">
          {first.words}
        </p>
      )}
      {problem && <Problem problem={problem} retry={() => void desk.load()} name="hints-problem" />}
      {shelf.hints.length > 0 && (
        <ol className="caseloop-HintList" aria-label="Your hints" data-caseloop="hint-list">
          {ordered(shelf.hints).map(hint => (
            <li key={hint.id}>
              <HintCard hint={hint} fresh={hint.id === fresh} desk={desk} services={services} />
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

function stepFacts({ view, progress }: LabSubtask, { notebooks }: PanelServices): StepFacts {
  const approved = progress.state === 'approved' || progress.state === 'polished';
  const current = currentFeedback(notebooks, view);
  const right = current !== undefined && !current.stale && current.stored.feedback.verdict === 'approved';
  return { approved, right: approved && right };
}
