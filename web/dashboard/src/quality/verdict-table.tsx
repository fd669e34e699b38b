import type { VerdictCount } from '../api/quality-types';
import { VERDICTS } from '../parts/words';

const NAMES: Record<string, string> = { ...VERDICTS, 'no answer': 'No answer' };

/** Expected verdicts in the rows, given ones in the columns. */
export function VerdictTable({ counts }: { counts: VerdictCount[] }) {
  const rows = Object.keys(NAMES).filter(name => counts.some(({ expected }) => expected === name));
  const columns = Object.keys(NAMES).filter(name => counts.some(({ given }) => given === name));
  if (!rows.length) {
    return <p className="Pad dim">No sample expects a verdict.</p>;
  }
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Expected and given verdicts">
      <table className="Table is-fitting">
        <thead>
          <tr>
            <th scope="col">Expected / given</th>
            {columns.map(name => (
              <th scope="col" className="number" key={name}>
                {NAMES[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(expected => (
            <tr key={expected}>
              <th scope="row">{NAMES[expected]}</th>
              {columns.map(given => {
                const count = counts.find(one => one.expected === expected && one.given === given)?.count ?? 0;
                return (
                  <td key={given} className="number" data-wrong={count > 0 && expected !== given}>
                    {count}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
