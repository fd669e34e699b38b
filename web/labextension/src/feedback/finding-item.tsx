import * as React from 'react';
import type { Finding, LocalizedWarning } from '../api/types';
import { Icon, PlaceButton } from '../parts/elements';
import { personIcon } from '../parts/icons';
import { says } from '../parts/words';
import { HintLadder } from './hint-ladder';
import type { StepActions } from './step-view';

interface FindingProps {
  finding: Finding;
  warnings: LocalizedWarning[];
  opened: number;
  actions: StepActions;
}

const SEVERITIES = { error: 'Error', warning: 'Warning', info: 'Note' };

/** One consequence: what happens, where, what a mentor said about it, and its hints. */
export function FindingItem({ finding, warnings, opened, actions }: FindingProps): JSX.Element {
  return (
    <li className={`caseloop-Finding caseloop-mod-${finding.severity}`} data-caseloop="finding" data-kind={finding.kind}>
      <p>
        <span className="caseloop-hidden">{SEVERITIES[finding.severity]}: </span>
        <Lines text={finding.message} />{' '}
        {finding.place && <PlaceButton line={finding.place.line} onClick={() => actions.showPlace(finding.place!)} />}
      </p>
      {warnings.map((warning, index) => (
        <WarningLine key={index} warning={warning} finding={finding} actions={actions} />
      ))}
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

/** Text with its line breaks and its `code` shown as such. */
export function Lines({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(/(`[^`\n]+`)/).map((part, index) =>
        index % 2 ? <code key={index}>{part.slice(1, -1)}</code> : <React.Fragment key={index}>{part}</React.Fragment>
      )}
    </>
  );
}
