import * as React from 'react';
import type { HintView } from '../api/assisted-types';
import { writtenBy } from '../assistance/words';
import type { PanelServices } from '../panel/services';
import { Button, Icon, PlaceButton } from '../parts/elements';
import { faultIcon } from '../parts/icons';
import { Prose } from '../parts/prose';
import { briefMoment, moment } from '../parts/words';
import type { HintDesk } from './desk';
import { Rating } from '../parts/rating';
import { ReflectionBox } from './reflection-box';
import { isOpen, KIND, stageWords } from './words';

interface HintProps {
  hint: HintView;
  /** It was asked for a moment ago: the focus goes on in it. */
  fresh: boolean;
  desk: HintDesk;
  services: PanelServices;
}

/** One hint from its making to its rating. What is typed stays above what comes, so that nothing moves under the cursor. */
export function HintCard({ hint, fresh, desk, services }: HintProps): JSX.Element {
  const { notebooks } = services;
  const rated = hint.state === 'ready' && hint.helpful !== null;
  const [open, setOpen] = React.useState(!rated);
  const shown = open || isOpen(hint);
  const card = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    if (fresh) {
      card.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [fresh, hint.state]);
  return (
    <article className="caseloop-HintCard" ref={card} data-caseloop="hint-card" data-kind={hint.kind} data-state={hint.state}>
      <header>
        <h4>{KIND[hint.kind].title} hint</h4>
        <span className="caseloop-mod-quiet">{briefMoment(hint.asked)}</span>
        {!isOpen(hint) && (
          <Button
            name="toggle-hint"
            look="link"
            aria-expanded={shown}
            aria-label={`${shown ? 'Hide' : 'Show'} the ${KIND[hint.kind].title} hint of ${moment(hint.asked)}`}
            onClick={() => setOpen(!open)}
          >
            {shown ? 'Hide' : 'Show'}
          </Button>
        )}
      </header>
      {shown && (
        <>
          <ReflectionBox hint={hint} focus={fresh} required={services.model.case?.ai_mode === 'lead_and_reveal'} desk={desk} />
          {hint.state === 'working' && <Making stage={hint.stage} />}
          {hint.state === 'failed' && <Failed problem={hint.problem} />}
          {hint.state === 'ready' && hint.text !== null && (
            <div className="caseloop-HintText" data-caseloop="hint-text">
              <Prose text={hint.text} />
              {hint.place && (
                <PlaceButton line={hint.place.line} onClick={() => void notebooks.showPlace(hint.place!)} />
              )}
              <p className="caseloop-mod-quiet" data-caseloop="written-by" data-by={hint.words_by}>
                {writtenBy(hint.words_by)}
                {!hint.counted && ' · not counted'}
              </p>
            </div>
          )}
          {hint.state === 'ready' && <Rating helpful={hint.helpful} rate={helpful => void desk.rate(hint.id, helpful)} />}
        </>
      )}
    </article>
  );
}

function Making({ stage }: Pick<HintView, 'stage'>): JSX.Element {
  return (
    <p className="caseloop-Progress" data-caseloop="hint-progress" data-stage={stage}>
      <span className="caseloop-Spinner" aria-hidden="true" />
      {stageWords(stage)}
    </p>
  );
}

function Failed({ problem }: Pick<HintView, 'problem'>): JSX.Element {
  return (
    <p className="caseloop-State caseloop-mod-failed" data-caseloop="hint-failed">
      <Icon icon={faultIcon} />
      <span>{problem ?? 'The hint could not be made.'} It is not counted: you may ask again.</span>
    </p>
  );
}
