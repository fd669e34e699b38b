import type { UseQueryResult } from '@tanstack/react-query';
import type { Brief } from '../api/desk-types';
import type { Cell } from '../api/types';
import { Loading, Problem } from '../parts/notice';
import { Unified } from '../parts/unified';

const AGAINST = { reference: 'From the reference', variant: 'From the nearest accepted alternative' };

/** How the learner's answer cells differ from a solution. For mentors' eyes. */
export function Reference({ brief, cells }: { brief: UseQueryResult<Brief>; cells: Cell[] }) {
  if (brief.isPending) {
    return <Loading what="the reference" />;
  }
  if (brief.isError) {
    return <Problem reason={brief.error} retry={() => void brief.refetch()} />;
  }
  return (
    <div data-caseloop="reference">
      <p className="dim Pad">
        For your eyes: lines with − are the learner’s, lines with + a solution’s. Help towards it without handing it over.
      </p>
      {brief.data.differences.map(({ cell, against, text }) => {
        const number = cells.findIndex(({ id }) => id === cell) + 1;
        const title = `${AGAINST[against]}, ${number ? `cell ${number}` : 'a cell that is missing'}`;
        return (
          <div key={`${cell} ${against}`} className="Cell" data-caseloop="reference-cell" data-cell={cell}>
            <div className="Cell-head">{title}</div>
            {text ? <Unified text={text} label={title} /> : <p className="dim Pad">Nothing differs.</p>}
          </div>
        );
      })}
    </div>
  );
}
