import * as React from 'react';
import type { Finding, LocalizedWarning } from '../api/types';
import { Calm } from '../parts/calm';
import { Icon, PlaceButton } from '../parts/elements';
import { personIcon } from '../parts/icons';
import { Lines, Prose } from '../parts/prose';
import { Rating } from '../parts/rating';
import { day, says } from '../parts/words';
import { HintLadder } from './hint-ladder';
import type { StepActions } from './step-view';

interface FindingProps {
  finding: Finding;
  /** A model's sentences, in place of the rules'. */
  worded?: LocalizedWarning[];
  /** What the rules add at other places. */
  warnings: LocalizedWarning[];
  opened: number;
  /** Whether the remembered answer helped; undefined: not rated. */
  rated?: boolean;
  actions: StepActions;
}

const SEVERITIES = { error: 'Error', warning: 'Warning', info: 'Note' };

/** One consequence: what happens, where, what a mentor said about it, and its hints. */
export function FindingItem({ finding, worded, warnings, opened, rated, actions }: FindingProps): JSX.Element {
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
        <MentorWords
          finding={finding}
          rated={rated}
          rate={helpful => finding.remembered && actions.rateRemembered(finding.remembered, helpful)}
        />
      )}
      {finding.ladder.length > 0 && (
        <HintLadder ladder={finding.ladder} opened={opened} open={() => actions.openHint(finding.id)} />
      )}
    </li>
  );
}

interface MentorWordsProps {
  finding: Finding;
  rated?: boolean;
  rate: (helpful: boolean) => void;
}

/** A mentor's words: the case author's for a mistake that was foreseen, or an answer that somebody got before. */
function MentorWords({ finding, rated, rate }: MentorWordsProps): JSX.Element {
  const { mentor, remembered, mentor_name: name, mentor_wrote: wrote } = finding;
  const who = name ? `From a mentor: ${name}${wrote ? `, ${day(wrote)}` : ''}` : 'From a mentor';
  return (
    <blockquote className="caseloop-Mentor" data-caseloop="mentor" data-remembered={remembered ?? undefined}>
      <cite>
        <Icon icon={personIcon} />
        {who}
      </cite>
      <Prose text={mentor ?? ''} />
      {remembered && <Rating helpful={rated ?? null} rate={rate} />}
    </blockquote>
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
