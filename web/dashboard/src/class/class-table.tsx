import type { ClassRow, Watch } from '../api/desk-types';
import { address } from '../app/router';
import { ago, moment } from '../parts/time';
import { several } from '../parts/words';
import { STATES, stepLines, stepOf, titleIn } from './standing';

const RULES: Record<Watch['rule'], string> = {
  many_attempts: 'many attempts',
  long_in_one_step: 'long in one step',
  silent: 'silent'
};

interface Props {
  /** Which case. */
  name: string;
  rows: ClassRow[];
  titles: Record<string, string>;
}

/** Who is where, with the watch list's reasons beside the name. Names and steps lead to the learner's work. */
export function ClassTable({ name, rows, titles }: Props) {
  const titled = (subtask: string) => titleIn(titles, subtask);
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
                <a
                  href={address('learner', [name, row.user], { step: stepOf(row) })}
                  data-caseloop="open-learner"
                >
                  {row.user}
                </a>{' '}
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
                <Steps name={name} row={row} titles={titles} />
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

/** A mark for every step of the case, in its order; those that were ever checked lead to the work. */
function Steps({ name, row, titles }: { name: string; row: ClassRow; titles: Record<string, string> }) {
  return (
    <span className="Steps">
      {stepLines(row.subtasks, titles).map(({ step, title, standing }) => {
        if (standing === null) {
          const words = `${title}: ${STATES.not_started}`;
          return (
            <span key={step} className="StepLink" title={words} role="img" aria-label={words}>
              <span className="Step" />
            </span>
          );
        }
        const words = `${title}: ${STATES[standing.state]}, ${several(standing.attempts, 'attempt')}`;
        return (
          <a
            key={step}
            className="StepLink"
            href={address('learner', [name, row.user], { step })}
            aria-label={`${row.user}, ${words}`}
            title={words}
            data-caseloop="open-step"
          >
            <span className="Step" data-state={standing.state} />
          </a>
        );
      })}
      <span className="dim">{row.approved} approved</span>
    </span>
  );
}
