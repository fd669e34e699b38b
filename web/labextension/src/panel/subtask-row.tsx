import * as React from 'react';
import type { LabSubtask } from '../api/types';
import { announce } from '../parts/announce';
import { Button, Icon } from '../parts/elements';
import { lockIcon, STATES } from '../parts/icons';
import { attemptsLine, ofPoints, points } from '../parts/words';
import type { PanelServices } from './services';

interface RowProps {
  subtask: LabSubtask;
  /** The notebook's active cell belongs to it. */
  active: boolean;
  checking: boolean;
  services: PanelServices;
}

const LOCKED = 'The style review opens when this step is approved.';

/** One step: its state in an icon and in words, and what can be done with it. */
export function SubtaskRow({ subtask, active, checking, services }: RowProps): JSX.Element {
  const { view, progress } = subtask;
  const { notebooks } = services;
  const state = STATES[progress.state];
  const attempts = attemptsLine(progress);
  return (
    <li
      className={`caseloop-Subtask caseloop-mod-${progress.state}${active ? ' caseloop-mod-active' : ''}`}
      data-caseloop="subtask"
      data-subtask={view.id}
      data-state={progress.state}
      aria-current={active ? 'step' : undefined}
    >
      <button
        type="button"
        className="caseloop-SubtaskTitle"
        data-caseloop="go-to-subtask"
        title="Go to this step in the notebook"
        onClick={() => void notebooks.showSubtask(view)}
      >
        <Icon icon={state.icon} className={`caseloop-mod-${progress.state}`} />
        <span>
          <span className="caseloop-hidden">Step </span>
          {view.index + 1}. {view.title}
        </span>
      </button>
      <p className="caseloop-SubtaskFacts">
        <span data-caseloop="subtask-state">{checking ? 'Checking…' : state.words}</span>
        {view.points > 0 && (
          <span data-caseloop="subtask-points">
            {points(progress.points)} / {ofPoints(view.points)}
          </span>
        )}
        {attempts && <span data-caseloop="subtask-attempts">{attempts}</span>}
      </p>
      <RowButtons subtask={subtask} checking={checking} services={services} />
    </li>
  );
}

function RowButtons({ subtask, checking, services }: Omit<RowProps, 'active'>): JSX.Element {
  const { view, progress } = subtask;
  const { assistance, checker, notebooks, place } = services;
  const [told, setTold] = React.useState(false);
  const unlocked = progress.state === 'approved' || progress.state === 'polished';
  const spent = progress.checks_left === 0;
  const focus = (name: string) => (node: HTMLElement | null) => {
    if (node && place.left?.view === name && 'subtask' in place.left && place.left.subtask === view.id) {
      place.left = undefined;
      node.querySelector<HTMLElement>(`[data-caseloop="open-${name}"]`)?.focus();
    }
  };
  const check = async (): Promise<void> => checker.check(await notebooks.open(), view);
  const review = (): void => {
    if (unlocked) {
      place.go({ view: 'review', subtask: view.id });
    } else {
      setTold(true);
      announce(LOCKED);
    }
  };
  return (
    <>
      <div
        className="caseloop-Buttons"
        ref={node => {
          focus('help')(node);
          focus('review')(node);
          focus('history')(node);
        }}
      >
        <Button
          name="check"
          aria-label={`Check «${view.title}»`}
          aria-disabled={spent || undefined}
          title={spent ? 'All checks of this step are used' : undefined}
          onClick={() => !spent && !checking && void check()}
        >
          Check
        </Button>
        {!assistance.off && (
          <Button
            name="open-help"
            aria-label={`Help with «${view.title}»`}
            onClick={() => place.go({ view: 'help', subtask: view.id })}
          >
            Help
          </Button>
        )}
        <Button
          name="open-review"
          aria-label={`Style review of «${view.title}»`}
          aria-disabled={!unlocked || undefined}
          title={unlocked ? undefined : LOCKED}
          onClick={review}
        >
          {!unlocked && <Icon icon={lockIcon} />}
          Style review
        </Button>
        <Button
          name="open-history"
          aria-label={`History of «${view.title}»`}
          onClick={() => place.go({ view: 'history', subtask: view.id })}
        >
          History
        </Button>
      </div>
      {told && !unlocked && (
        <p className="caseloop-mod-quiet" data-caseloop="review-locked">
          {LOCKED}
        </p>
      )}
    </>
  );
}
