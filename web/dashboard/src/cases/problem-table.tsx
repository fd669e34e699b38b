import type { CaseProblem } from '../api/authoring-types';
import { Inline } from '../parts/inline';

/** What an author has to change, and where: errors first. */
export function ProblemTable({ problems }: { problems: CaseProblem[] }) {
  const errors = problems.filter(({ level }) => level === 'error');
  const notes = problems.filter(({ level }) => level === 'note');
  return (
    <ul className="Plain CaseProblems" data-caseloop="case-problems">
      {[...errors, ...notes].map((problem, index) => (
        <li key={index} data-level={problem.level} data-rule={problem.rule} data-caseloop="case-problem">
          <p className="CaseProblem-where">
            <span className="Pill" data-level={problem.level}>
              {problem.level === 'error' ? 'Must change' : 'Note'}
            </span>
            <code data-caseloop="problem-file">{problem.file}</code>
            {problem.cell && (
              <>
                <span aria-hidden="true">›</span>
                <span data-caseloop="problem-cell">{problem.cell}</span>
              </>
            )}
            <code className="dim CaseProblem-rule">{problem.rule}</code>
          </p>
          <p>
            <Inline text={problem.message} />
          </p>
        </li>
      ))}
    </ul>
  );
}
