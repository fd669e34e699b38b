import type { Interval, ScoreFigures } from '../api/quality-types';
import { IntervalBar } from './interval';
import { plain, range, share } from './words';

/** Every score of a run with its interval, drawn and in figures. */
export function ScoresTable({ scores }: { scores: ScoreFigures[] }) {
  const common = shared(scores);
  return (
    <>
      {common.map(note => (
        <p key={note} className="dim Common" data-caseloop="common-note">
          Of all scores: {note}.
        </p>
      ))}
      <div className="TableScroll" tabIndex={0} role="region" aria-label="Scores with their intervals">
        <table className="Table">
          <thead>
            <tr>
              <th scope="col">Score</th>
              <th scope="col" className="number">
                Mean
              </th>
              <th scope="col">
                <span aria-hidden="true">0 to 100 %</span>
              </th>
              <th scope="col">95% interval</th>
              <th scope="col" className="number">
                Samples
              </th>
              <th scope="col" className="number">
                Not scored
              </th>
            </tr>
          </thead>
          <tbody>
            {scores.map(({ name, value }) => (
              <tr key={name} data-caseloop="score" data-score={name}>
                <th scope="row">{plain(name)}</th>
                <td className="number">{share(value.mean)}</td>
                <td>
                  <IntervalBar value={value} />
                </td>
                <td className="Wraps">
                  {range(value)}
                  {value.low !== null && <small className="dim"> {own(value, common)}</small>}
                </td>
                <td className="number">{value.count}</td>
                <td className="number">{value.missing}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What limits every score that has an interval: said once, not in each row. */
export function shared(scores: ScoreFigures[]): string[] {
  const known = scores.filter(({ value }) => value.low !== null).map(({ value }) => parts(value));
  return known.length > 1 ? known[0]!.filter(note => known.every(notes => notes.includes(note))) : [];
}

function own(value: Interval, common: string[]): string {
  return parts(value)
    .filter(note => !common.includes(note))
    .join('; ');
}

function parts({ note }: Interval): string[] {
  return note ? note.split('; ') : [];
}
