import type { ScoreChange } from '../api/quality-types';
import { IntervalBar } from './interval';
import { DECISIONS, plain, points, share } from './words';

/** Every score in both runs, how far it moved, and what can be said about that. */
export function ChangesTable({ scores }: { scores: ScoreChange[] }) {
  const ends = scores.flatMap(({ difference: { mean, low, high } }) => [mean, low, high].map(end => Math.abs(end ?? 0)));
  const reach = Math.max(0.05, ...ends);
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Scores before and after">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col" className="number">
              Before
            </th>
            <th scope="col" className="number">
              After
            </th>
            <th scope="col">
              <span aria-hidden="true">
                {points(-reach)} to {points(reach)}
              </span>
            </th>
            <th scope="col">Points, 95% interval</th>
            <th scope="col" className="number">
              Rose / fell
            </th>
            <th scope="col">Decision</th>
          </tr>
        </thead>
        <tbody>
          {scores.map(score => (
            <tr key={score.name} data-caseloop="change" data-score={score.name} data-decision={score.decision}>
              <th scope="row">{plain(score.name)}</th>
              <td className="number">{share(score.before.mean)}</td>
              <td className="number">{share(score.after.mean)}</td>
              <td>
                <IntervalBar value={score.difference} reach={reach} tone={score.decision} />
              </td>
              <td className="Wraps">
                <Moved score={score} />
              </td>
              <td className="number">
                {score.rose} / {score.fell}
              </td>
              <td>
                <span className="Pill" data-tone={TONES[score.decision]}>
                  {DECISIONS[score.decision]}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const TONES: Partial<Record<ScoreChange['decision'], string>> = { better: 'good', worse: 'bad' };

function Moved({ score: { difference } }: { score: ScoreChange }) {
  if (difference.mean === null) {
    return <span className="dim">{difference.note || 'nothing in common'}</span>;
  }
  return (
    <>
      <strong>{points(difference.mean)}</strong>{' '}
      <span className="dim">
        {difference.low === null || difference.high === null
          ? difference.note
          : `${points(difference.low)} to ${points(difference.high)}`}
      </span>
    </>
  );
}
