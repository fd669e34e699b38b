import { useMemo } from 'react';
import type { Version } from '../api/types';
import { CellView } from '../escalation/cell-view';
import { Facts } from '../escalation/facts';
import { marksOf, spokenOf } from '../escalation/places';
import { useWork } from '../escalation/use-work';

const NOTHING = () => undefined;

/** One version of a learner's code with what the check found in it. Nothing can be changed here. */
export function LearnerVersion({ version }: { version: Version }) {
  const { cells, feedback, number } = version;
  const { reveal, show } = useWork(cells);
  const spoken = useMemo(() => (feedback ? spokenOf(feedback, []) : new Set<string>()), [feedback]);
  const marks = useMemo(
    () => new Map(cells.map(cell => [cell.id, feedback ? marksOf(cell.id, feedback, []) : { marked: {}, commented: [] }])),
    [cells, feedback]
  );
  return (
    <div className="Learner-columns">
      <div className="CodePane" data-caseloop="learner-code" data-submission={version.submission}>
        {cells.map((cell, index) => (
          <CellView
            key={cell.id}
            cell={cell}
            number={index + 1}
            open={spoken.size === 0 || spoken.has(cell.id)}
            editing={false}
            source={cell.source}
            marks={marks.get(cell.id)!}
            reveal={reveal?.cell === cell.id ? reveal : null}
            onChange={NOTHING}
            onLine={NOTHING}
            onCursor={NOTHING}
          />
        ))}
      </div>
      <div>
        {feedback ? (
          <Facts feedback={feedback} number={number} cells={cells} onPlace={show} />
        ) : (
          <p className="dim">This version was not judged to the end.</p>
        )}
      </div>
    </div>
  );
}
