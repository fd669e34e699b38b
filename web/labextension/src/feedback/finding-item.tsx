import * as React from 'react';
import type { Finding, LocalizedWarning, Place } from '../api/types';
import { Icon, PlaceButton } from '../parts/elements';
import { personIcon } from '../parts/icons';
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
      {elsewhere(finding, warnings).map((warning, index) => (
        <p key={index} className="caseloop-Warning">
          {warning.message !== finding.message && `${warning.message} `}
          <PlaceButton line={warning.place.line} onClick={() => actions.showPlace(warning.place)} />
        </p>
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

/** The warnings that say more than the finding itself: other words or another place. */
function elsewhere(finding: Finding, warnings: LocalizedWarning[]): LocalizedWarning[] {
  const same = (a: Place, b: Place | null): boolean => b !== null && a.cell === b.cell && a.line === b.line;
  return warnings.filter(warning => warning.message !== finding.message || !same(warning.place, finding.place));
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
