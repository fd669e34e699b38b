import * as React from 'react';
import type { Finding, LocalizedWarning } from '../api/types';
import { Calm } from '../parts/calm';
import { Icon, PlaceButton } from '../parts/elements';
import { personIcon } from '../parts/icons';
import { Lines } from '../parts/prose';
import { says } from '../parts/words';
import { HintLadder } from './hint-ladder';
import type { StepActions } from './step-view';

interface FindingProps {
  finding: Finding;
  /** A model's sentences, in place of the rules'. */
  worded?: LocalizedWarning[];
  /** What the rules add at other places. */
  warnings: LocalizedWarning[];
  opened: number;
  actions: StepActions;
}

const SEVERITIES = { error: 'Error', warning: 'Warning', info: 'Note' };

/** One consequence: what happens, where, what a mentor said about it, and its hints. */
export function FindingItem({ finding, worded, warnings, opened, actions }: FindingProps): JSX.Element {
  const message = worded?.[0]?.message ?? finding.message;
  const place = finding.place ?? (worded?.[0]?.place.cell ? worded[0].place : null);
  return (
    <li className={`caseloop-Finding caseloop-mod-${finding.severity}`} data-caseloop="finding" data-kind={finding.kind}>
      <Calm words={message}>
        <p>
          <span className="caseloop-hidden">{SEVERITIES[finding.severity]}: </span>
          <span key={message} className={worded && 'caseloop-mod-worded'}>
            <Lines text={message} />
          </span>{' '}
          {place && <PlaceButton line={place.line} onClick={() => actions.showPlace(place)} />}
        </p>
        {(worded?.slice(1) ?? warnings).map((warning, index) => (
          <WarningLine key={index} warning={warning} finding={finding} actions={actions} />
        ))}
      </Calm>
      {finding.mentor && (
        <blockquote className="caseloop-Mentor" data-caseloop="mentor">
          <cite>
            <Icon icon={personIcon} />
            From a mentor
          </cite>
          <p>
            <Lines text={finding.mentor} />
          </p>
        </blockquote>
      )}
      {finding.ladder.length > 0 && (
        <HintLadder ladder={finding.ladder} opened={opened} open={() => actions.openHint(finding.id)} />
      )}
    </li>
  );
}

/** What a warning adds to its finding: other words, another place, or nothing. */
function WarningLine({ warning, finding, actions }: Pick<FindingProps, 'finding' | 'actions'> & { warning: LocalizedWarning }): JSX.Element | null {
  const { place, message } = warning;
  const samePlace = finding.place?.cell === place.cell && finding.place.line === place.line;
  const sameWords = says(finding.message, message);
  if (samePlace && sameWords) {
    return null;
  }
  return (
    <p className="caseloop-Warning" data-caseloop="warning">
      {!sameWords && <Lines text={message} />}{' '}
      {!samePlace && <PlaceButton line={place.line} onClick={() => actions.showPlace(place)} />}
    </p>
  );
}
