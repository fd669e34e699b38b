import * as React from 'react';
import type { LabCase } from '../api/types';
import { AiLine } from '../assistance/ai-line';
import { Button, Icon } from '../parts/elements';
import { noteIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import { ofPoints, plural, points } from '../parts/words';
import { RecordingLine } from '../recorder/recording-line';
import type { PanelServices } from './services';
import { SubtaskRow } from './subtask-row';

/** The case: what it is about, how far the learner is, and its steps. */
export function Overview({ labCase, services }: { labCase: LabCase; services: PanelServices }): JSX.Element {
  const { assistance, checker, notebooks, place } = services;
  useSignals(checker.changed, notebooks.changed, assistance.changed);
  const active = notebooks.activeSubtask?.id;
  const saves = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    if (place.left?.view === 'saves') {
      place.left = undefined;
      saves.current?.querySelector('button')?.focus();
    }
  }, []);
  return (
    <div className="caseloop-Overview" data-caseloop="overview">
      <header>
        <h2 tabIndex={-1} data-caseloop="case-title">
          {labCase.title}
        </h2>
        <p className="caseloop-Summary" data-caseloop="case-summary">
          {labCase.summary}
        </p>
        <p className="caseloop-mod-quiet">
          About {plural(labCase.minutes, 'minute')} · version {labCase.number}
        </p>
        <Overall labCase={labCase} />
        <AiLine assistance={assistance} />
        <RecordingLine recording={services.recording} />
      </header>
      {labCase.newer_version !== null && (
        <Note>
          Version {labCase.newer_version} of this case has been published. You keep working on version {labCase.number}.
        </Note>
      )}
      {!notebooks.panel && (
        <Note>
          The notebook of this case is not open.{' '}
          <Button name="open-notebook" look="link" onClick={() => void notebooks.open()}>
            Open it
          </Button>
        </Note>
      )}
      {labCase.subtasks.length === 0 && <p data-caseloop="no-subtasks">This case has no steps yet.</p>}
      <ol className="caseloop-Subtasks" aria-label="Steps">
        {labCase.subtasks.map(subtask => (
          <SubtaskRow
            key={subtask.view.id}
            subtask={subtask}
            active={subtask.view.id === active}
            checking={checker.isRunning(subtask.view.id)}
            services={services}
          />
        ))}
      </ol>
      <footer ref={saves}>
        <Button name="open-saves" look="link" onClick={() => place.go({ view: 'saves' })}>
          Saved notebooks
        </Button>
      </footer>
    </div>
  );
}

function Overall({ labCase }: { labCase: LabCase }): JSX.Element {
  const done = labCase.subtasks.filter(({ progress }) => progress.state === 'approved' || progress.state === 'polished').length;
  const earned = labCase.subtasks.reduce((sum, { progress }) => sum + progress.points, 0);
  const most = labCase.subtasks.reduce((sum, { view }) => sum + view.points, 0);
  const all = labCase.subtasks.length;
  return (
    <div className="caseloop-Overall" data-caseloop="overall" data-approved={done} data-count={all}>
      <progress value={done} max={Math.max(all, 1)} aria-label="Steps approved" />
      <p>
        <strong>
          {done} of {all}
        </strong>{' '}
        approved{most > 0 && ` · ${points(earned)} of ${ofPoints(most)}`}
      </p>
    </div>
  );
}

function Note({ children }: { children: React.ReactNode }): JSX.Element {
  return (
    <div className="caseloop-Notice" data-caseloop="note">
      <Icon icon={noteIcon} />
      <p>{children}</p>
    </div>
  );
}
