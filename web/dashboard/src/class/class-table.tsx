import type { ClassRow, Watch } from '../api/desk-types';
import { ago, moment } from '../parts/time';

const RULES: Record<Watch['rule'], string> = {
  many_attempts: 'many attempts',
  long_in_one_step: 'long in one step',
  silent: 'silent'
};

const STATES = { not_started: 'not started', in_progress: 'in progress', approved: 'approved', polished: 'polished' };

/** Who is where, with the watch list's reasons beside the name. */
export function ClassTable({ rows, titles }: { rows: ClassRow[]; titles: Record<string, string> }) {
  // A step that the newest version of the case has no longer is told by its id.
  const titled = (subtask: string) => (Object.hasOwn(titles, subtask) ? titles[subtask]! : subtask);
  return (
    <div className="TableScroll" tabIndex={0} role="region" aria-label="Learners">
      <table className="Table">
        <thead>
          <tr>
            <th scope="col">Learner</th>
            <th scope="col">Steps</th>
            <th scope="col">Working on</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.user} data-caseloop="class-row" data-user={row.user}>
              <th scope="row">
                {row.user}{' '}
                {row.watch.map(({ rule, subtask, since }) => (
                  <span
                    key={`${rule} ${subtask}`}
                    className={`Pill ${rule === 'silent' ? '' : 'is-warm'}`}
                    title={`Since ${moment(since)}${subtask ? `, in ${titled(subtask)}` : ''}`}
                    data-caseloop="watch"
                    data-rule={rule}
                  >
                    {RULES[rule] ?? rule}
                  </span>
                ))}
              </th>
              <td>
                <Steps row={row} titled={titled} />
              </td>
              <td>{row.current ? titled(row.current) : <span className="dim">nothing open</span>}</td>
              <td className="number">{row.attempts}</td>
              <td title={moment(row.last_seen)}>{ago(row.last_seen)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Steps({ row, titled }: { row: ClassRow; titled: (subtask: string) => string }) {
  return (
    <span className="Steps">
      {row.subtasks.map(({ subtask, state, attempts }) => {
        const words = `${titled(subtask)}: ${STATES[state]}, ${attempts} attempts`;
        return <span key={subtask} className="Step" data-state={state} role="img" aria-label={words} title={words} />;
      })}
      <span className="dim">{row.approved} approved</span>
    </span>
  );
}
