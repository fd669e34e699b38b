import type { CSSProperties } from 'react';
import type { HeatRow, ScoreFigures } from '../api/quality-types';
import { plain, share } from './words';

/** Steps of cases against scores: the warmer a tile, the more is missed there. */
export function HeatTable({ rows, scores }: { rows: HeatRow[]; scores: ScoreFigures[] }) {
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Scores case by case">
      <table className="Table Heat">
        <thead>
          <tr>
            <th scope="col">Case and step</th>
            <th scope="col" className="number">
              Samples
            </th>
            {scores.map(({ name }) => (
              <th scope="col" key={name}>
                {plain(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={`${row.case} ${row.subtask}`} data-caseloop="heat-row">
              <th scope="row">
                {row.case} <span className="dim">{row.subtask}</span>
              </th>
              <td className="number">{row.samples}</td>
              {row.tiles.map((tile, index) => (
                <td
                  key={scores[index]?.name}
                  className="Heat-tile"
                  data-empty={tile.mean === null}
                  style={{ '--missed': `${Math.round(70 * (1 - (tile.mean ?? 1)))}%` } as CSSProperties}
                  title={`${plain(scores[index]?.name ?? '')}: ${tile.count} scored`}
                >
                  {share(tile.mean)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
