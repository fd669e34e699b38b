import type { CaseReport, MutantLine } from '../api/report-types';
import { Inline } from '../parts/inline';
import { Section } from '../parts/section';
import { several } from '../parts/words';

/** What the case's CI found: how many small faults in the reference its checks catch, and which they miss. */
export function Report({ report }: { report: CaseReport }) {
  const missed = report.mutants.filter(({ outcome }) => outcome === 'missed');
  return (
    <Section title="What the checks catch" name="ci-report">
      <p data-caseloop="ci-summary" data-passed={report.gate.passed}>
        {summary(report)}
      </p>
      <div className="TableScroll">
        <table className="Table">
          <thead>
            <tr>
              <th scope="col">Subtask</th>
              <th scope="col" className="number">
                Caught
              </th>
              <th scope="col" className="number">
                Missed
              </th>
              <th scope="col" className="number">
                One check takes
              </th>
            </tr>
          </thead>
          <tbody>
            {report.subtasks.map(line => (
              <tr key={line.id} data-caseloop="ci-subtask" data-subtask={line.id}>
                <th scope="row">{line.title}</th>
                <td className="number">
                  {line.caught} of {line.caught + line.missed}
                </td>
                <td className="number">{line.missed}</td>
                <td className="number">{line.seconds === null ? '–' : `${line.seconds.toFixed(1)} s`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {missed.length > 0 && <Missed mutants={missed} />}
    </Section>
  );
}

function summary({ gate, mutants, left_out: left }: CaseReport): string {
  if (gate.score === null) {
    return 'There was no small fault to catch.';
  }
  const score = `${Math.round(gate.score * 100)} % of the small faults that were put into the reference are caught`;
  const wanted = gate.threshold === null ? '' : `; the case asks for ${Math.round(gate.threshold * 100)} %`;
  const tried = `, of ${several(mutants.length, 'tried one', 'tried ones')}${left ? ` (${left} more were left out)` : ''}`;
  return `${score}${tried}${wanted}.`;
}

function Missed({ mutants }: { mutants: MutantLine[] }) {
  return (
    <>
      <p>Nobody would notice these. A check that does makes the case better:</p>
      <ul className="Plain CaseProblems" aria-label="Missed faults">
        {mutants.map(mutant => (
          <li key={mutant.id} data-caseloop="missed-mutant" data-operator={mutant.operator}>
            <p className="CaseProblem-where">
              <span className="Pill is-warm">Missed</span>
              <span>
                {mutant.cell}, line {mutant.line}
              </span>
              <code className="dim CaseProblem-rule">{mutant.operator}</code>
            </p>
            <p>
              <Inline text={mutant.title} />
            </p>
            <pre className="Unified" aria-label="The change" tabIndex={0} role="region">
              <span data-kind="removed">
                <span aria-hidden="true">−</span>
                <span className="sr">removed: </span>
                {`${mutant.before}\n`}
              </span>
              {mutant.after && (
                <span data-kind="added">
                  <span aria-hidden="true">+</span>
                  <span className="sr">added: </span>
                  {`${mutant.after}\n`}
                </span>
              )}
            </pre>
          </li>
        ))}
      </ul>
    </>
  );
}
