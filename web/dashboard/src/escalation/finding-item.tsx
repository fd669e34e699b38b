import type { ReactNode } from 'react';
import type { Cell, Finding, Place } from '../api/types';
import { Inline } from '../parts/inline';
import { EVIDENCE } from '../parts/words';
import { placeName } from './places';

interface Props {
  finding: Finding;
  cells: Cell[];
  name: string;
  onPlace: (place: Place) => void;
  children?: ReactNode;
}

/** One thing that was found: in words, where, and the facts it rests on. */
export function FindingItem({ finding, cells, name, onPlace, children }: Props) {
  return (
    <li className="Finding" data-severity={finding.severity} data-caseloop={name}>
      <p>
        <Inline text={finding.message} />{' '}
        {finding.place && (
          <button
            type="button"
            className="Link"
            data-caseloop="go-to-place"
            onClick={() => onPlace(finding.place!)}
          >
            {placeName(finding.place, cells)}
          </button>
        )}
      </p>
      {finding.evidence.map((fact, index) => (
        <p key={index} className="Fact" data-caseloop="fact">
          <span className="Fact-kind">{EVIDENCE[fact.kind]}</span> <code>{fact.subject}</code>
          {fact.aspect && <span className="dim"> {fact.aspect}</span>}
          {fact.fact && <span className="Fact-text">{fact.fact}</span>}
        </p>
      ))}
      {children}
    </li>
  );
}
