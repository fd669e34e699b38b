import * as React from 'react';
import { Button, Icon, Loading } from '../parts/elements';
import { faultIcon } from '../parts/icons';
import { useSignals } from '../parts/signals';
import type { CaseModel } from '../case/model';
import { HelpView } from '../help/help-view';
import { HistoryView } from '../history/history-view';
import { SavesView } from '../history/saves-view';
import { ReviewView } from '../review/review-view';
import { Overview } from './overview';
import type { PanelServices } from './services';

/** The panel «Case»: the case and its steps, or one of the views that a step opens. */
export function CasePanel(services: PanelServices): JSX.Element {
  const { model, place } = services;
  useSignals(model.changed, place.changed);
  if (!model.case) {
    return model.status === 'loading' ? <Loading words="Loading the case…" /> : <Away model={model} />;
  }
  return (
    <>
      {model.problem && <Away model={model} />}
      <View services={services} />
    </>
  );
}

function View({ services }: { services: PanelServices }): JSX.Element {
  const { model, place } = services;
  const { where } = place;
  const subtask = 'subtask' in where ? model.subtask(where.subtask) : undefined;
  if (where.view === 'help' && subtask) {
    return <HelpView key={`help ${subtask.view.id}`} subtask={subtask} tab={where.tab} services={services} />;
  }
  if (where.view === 'review' && subtask) {
    return <ReviewView key={`review ${subtask.view.id}`} subtask={subtask} services={services} />;
  }
  if (where.view === 'history' && subtask) {
    return <HistoryView key={`history ${subtask.view.id}`} subtask={subtask} services={services} />;
  }
  if (where.view === 'saves') {
    return <SavesView services={services} />;
  }
  return <Overview labCase={model.case!} services={services} />;
}

/** Caseloop is away or refuses; what was loaded before stays on the screen. */
function Away({ model }: { model: CaseModel }): JSX.Element {
  const away = model.status === 'away';
  return (
    <div className="caseloop-Notice caseloop-mod-problem" role="status" data-caseloop="case-problem" data-status={model.status}>
      <Icon icon={faultIcon} />
      <div>
        <p>
          <strong>{away ? 'Cannot reach Caseloop.' : 'The case cannot be shown.'}</strong>
        </p>
        <p>{away ? 'Your work is safe on disk. Trying again…' : model.problem?.detail}</p>
        <Button name="retry" onClick={() => void model.load()}>
          {away ? 'Try again now' : 'Try again'}
        </Button>
      </div>
    </div>
  );
}
