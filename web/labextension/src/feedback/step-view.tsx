import * as React from 'react';
import type { LabSubtask, Place } from '../api/types';
import type { CheckRun } from '../check/checker';
import { AnswerCard } from '../mentors/answer-card';
import type { MentorDesk } from '../mentors/desk';
import { Button, Icon, Problem } from '../parts/elements';
import { STATES } from '../parts/icons';
import { attemptsLine } from '../parts/words';
import type { WordingRun } from '../words/wording';
import { FeedbackCard } from './feedback-card';
import { ProgressLine } from './progress-line';
import type { StoredFeedback } from './stored';

/** All that is shown beneath one cell. */
export interface Step {
  /** Set beneath a subtask's answer cell: shows the bar with the Check button. */
  subtask?: LabSubtask;
  run?: CheckRun;
  stored?: StoredFeedback;
  stale: boolean;
  /** A model that puts this feedback into words, or did. */
  wording?: WordingRun;
  /** Hints and chat are to be had. */
  help: boolean;
  /** The questions to mentors about the step. */
  mentor?: MentorDesk;
}

/** What a learner can do there. */
export interface StepActions {
  check(): void;
  dismissRun(): void;
  dismissFeedback(): void;
  openHint(finding: string): void;
  showPlace(place: Place): void;
  showReview(): void;
  showHelp(): void;
  askMentor(): void;
  showMentor(): void;
  rateRemembered(entry: string, helpful: boolean): void;
  leave(): void;
}

export function StepView({ step, actions }: { step: Step; actions: StepActions }): JSX.Element {
  const { subtask, run, stored } = step;
  const approved = subtask?.progress.state === 'approved' || subtask?.progress.state === 'polished';
  const running = run !== undefined && run.problem === undefined;
  return (
    <section
      className="caseloop-Step"
      aria-label={subtask ? `Check of «${subtask.view.title}»` : 'Feedback'}
      data-caseloop="step"
      data-subtask={subtask?.view.id ?? stored?.subtask}
      onKeyDown={event => event.key === 'Escape' && actions.leave()}
    >
      {subtask && <StepBar subtask={subtask} running={running} actions={actions} />}
      {run && running && <ProgressLine stage={run.stage} cancel={actions.dismissRun} />}
      {run?.problem && (
        <Problem problem={run.problem} name="check-problem" retry={actions.check} dismiss={actions.dismissRun} />
      )}
      {step.mentor && <AnswerCard desk={step.mentor} done={approved} show={actions.showPlace} open={actions.showMentor} />}
      {stored && <FeedbackCard key={stored.submission} step={step} stored={stored} dimmed={running} actions={actions} />}
    </section>
  );
}

function StepBar({ subtask, running, actions }: { subtask: LabSubtask; running: boolean; actions: StepActions }): JSX.Element {
  const { view, progress } = subtask;
  const state = STATES[progress.state];
  const spent = progress.checks_left === 0;
  const approved = progress.state === 'approved' || progress.state === 'polished';
  return (
    <div className="caseloop-StepBar">
      <Button
        name="check"
        look={approved ? 'plain' : 'primary'}
        aria-disabled={spent || undefined}
        title={spent ? 'All checks of this step are used' : 'Check this step (Ctrl/Cmd Shift Enter)'}
        aria-label={`Check «${view.title}»`}
        onClick={() => !spent && !running && actions.check()}
      >
        {running ? 'Checking…' : 'Check'}
      </Button>
      <span className={`caseloop-State caseloop-mod-${progress.state}`} data-caseloop="step-state" data-state={progress.state}>
        <Icon icon={state.icon} />
        {state.words}
      </span>
      <span className="caseloop-mod-quiet">{attemptsLine(progress)}</span>
      {approved && (
        <Button name="review" look="link" onClick={actions.showReview}>
          Style review
        </Button>
      )}
    </div>
  );
}
