import * as React from 'react';
import type { CheckResult } from '../api/types';
import { Icon } from '../parts/elements';
import { failedIcon, passedIcon } from '../parts/icons';
import { points } from '../parts/words';

/** Which checks passed; hidden ones are counted, never named. */
export function CheckList({ checks, open }: { checks: CheckResult[]; open: boolean }): JSX.Element {
  const passed = checks.filter(check => check.passed).length;
  return (
    <details className="caseloop-Checks" data-caseloop="checks" open={open}>
      <summary>
        {passed} of {checks.length} checks passed
      </summary>
      <ul>
        {checks.map((check, index) => (
          <li
            key={index}
            className={check.passed ? 'caseloop-mod-passed' : 'caseloop-mod-failed'}
            data-caseloop="check-result"
            data-passed={check.passed}
          >
            <Icon icon={check.passed ? passedIcon : failedIcon} />
            <span className="caseloop-hidden">{check.passed ? 'Passed:' : 'Failed:'} </span>
            <span>{check.label || 'Hidden check'}</span>
            {check.points > 0 && (
              <span className="caseloop-mod-quiet">
                {points(check.earned)} / {points(check.points)}
              </span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
