import * as React from 'react';
import type { Feedback } from '../api/types';
import { VERDICTS } from '../check/words';
import { Calm } from '../parts/calm';
import { Button, Icon } from '../parts/elements';
import { faultIcon, helpIcon, passedIcon, personIcon, workIcon } from '../parts/icons';
import { Lines } from '../parts/prose';
import { moment, ofPoints, points } from '../parts/words';
import { reading } from '../words/reading';
import { CheckList } from './check-list';
import { FindingItem } from './finding-item';
import type { Step, StepActions } from './step-view';
import type { StoredFeedback } from './stored';
import { WordsLine } from './words-line';

const ICONS = { approved: passedIcon, needs_work: workIcon, could_not_judge: faultIcon };

interface CardProps {
  step: Step;
  stored: StoredFeedback;
  /** A newer check is running. */
  dimmed: boolean;
  actions: StepActions;
}

/** The answer to one check: verdict, findings with their hints, checks, and what was restored. */
export function FeedbackCard({ step, stored, dimmed, actions }: CardProps): JSX.Element {
  const { stale, wording, help, mentor } = step;
  const offered = mentor?.offered === true;
  const { feedback } = stored;
  const { headline, worded, remarks } = reading(feedback, wording?.parts);
  const classes = `caseloop-Feedback caseloop-mod-${feedback.verdict}${stale || dimmed ? ' caseloop-mod-stale' : ''}`;
  return (
    <article
      className={classes}
      data-caseloop="feedback"
      data-verdict={feedback.verdict}
      data-state={stale ? 'stale' : 'current'}
      data-version={stored.number}
    >
      {stale && (
        <p className="caseloop-StaleLine" data-caseloop="stale">
          You have changed the code since this check.
          <Button name="check-again" look="link" onClick={actions.check}>
            Check again
          </Button>
        </p>
      )}
      <header className="caseloop-Verdict">
        <h3 tabIndex={-1} data-caseloop="verdict">
          <Icon icon={ICONS[feedback.verdict]} />
          {VERDICTS[feedback.verdict]}
        </h3>
        {feedback.max_points > 0 && (
          <span className="caseloop-mod-quiet">
            {points(feedback.points)} of {ofPoints(feedback.max_points)}
          </span>
        )}
        <Button name="dismiss" look="link" aria-label="Dismiss this feedback" title="Dismiss" onClick={actions.dismissFeedback}>
          <span aria-hidden="true">✕</span>
        </Button>
      </header>
      <WordsLine feedback={feedback} wording={wording} />
      <Calm words={headline}>
        <p className="caseloop-Headline" data-caseloop="headline">
          {headline}
        </p>
      </Calm>
      <Fault feedback={feedback} />
      {feedback.findings.length > 0 && (
        <ol className="caseloop-Findings" aria-label="Findings">
          {feedback.findings.map(finding => (
            <FindingItem
              key={finding.id}
              finding={finding}
              worded={worded.get(finding.id)}
              warnings={feedback.warnings.filter(warning => warning.finding === finding.id)}
              opened={stored.opened[finding.id] ?? 0}
              rated={finding.remembered === null ? undefined : stored.rated[finding.remembered]}
              actions={actions}
            />
          ))}
        </ol>
      )}
      <Calm words={remarks.join('\n')}>
        <Texts items={remarks} name="remarks" title="Also worth knowing" />
      </Calm>
      {(help || offered) && feedback.verdict === 'needs_work' && (
        <p className="caseloop-CardHelp caseloop-Buttons">
          {help && (
            <Button name="open-help" onClick={actions.showHelp}>
              <Icon icon={helpIcon} />
              Hints and chat
            </Button>
          )}
          {offered && (
            <Button name="ask-mentor" onClick={actions.askMentor}>
              <Icon icon={personIcon} />
              Ask a mentor
            </Button>
          )}
        </p>
      )}
      {feedback.checks.length > 0 && <CheckList checks={feedback.checks} open={feedback.verdict !== 'approved'} />}
      <Texts items={feedback.repairs} name="repairs" title="Restored before your code was run" />
      <footer className="caseloop-mod-quiet">
        Version {stored.number} · {moment(stored.checked)}
      </footer>
    </article>
  );
}

function Fault({ feedback }: { feedback: Feedback }): JSX.Element | null {
  if (feedback.verdict !== 'could_not_judge') {
    return null;
  }
  const cause = feedback.fault === 'case' ? 'This is a mistake in the case, not in your work.' : 'This is our fault, not yours.';
  return (
    <p className="caseloop-Fault" data-caseloop="fault">
      {cause} It did not cost you an attempt.
    </p>
  );
}

function Texts({ items, name, title }: { items: string[]; name: string; title: string }): JSX.Element | null {
  if (!items.length) {
    return null;
  }
  return (
    <div className="caseloop-Texts" data-caseloop={name}>
      <h4>{title}</h4>
      <ul>
        {items.map((item, index) => (
          <li key={index}>
            <Lines text={item} />
          </li>
        ))}
      </ul>
    </div>
  );
}
