import * as React from 'react';
import type { LintFinding } from '../api/types';
import { PlaceButton } from '../parts/elements';
import { Lines } from '../parts/prose';

const SEVERITIES = { error: 'Problem', warning: 'Warning', advice: 'Advice' };
const CATEGORIES: { [category in LintFinding['category']]: string } = {
  correctness: 'correctness',
  security: 'security',
  types: 'types',
  dead_code: 'unused code',
  readability: 'readability',
  data_science: 'data science'
};

/** One remark: what, why it matters, and the rule it comes from. */
export function ReviewItem({ finding, show }: { finding: LintFinding; show: () => void }): JSX.Element {
  return (
    <li className={`caseloop-Remark caseloop-mod-${finding.severity}`} data-caseloop="remark" data-rule={finding.rule}>
      <p className="caseloop-mod-quiet">
        <strong>{SEVERITIES[finding.severity]}</strong> · {CATEGORIES[finding.category] ?? finding.category}
      </p>
      <p>
        <Lines text={finding.message} />
      </p>
      <p className="caseloop-Why">
        <Lines text={finding.why} />
      </p>
      <p className="caseloop-RemarkLinks">
        <PlaceButton line={finding.place.line} onClick={show} />
        <Rule finding={finding} />
      </p>
    </li>
  );
}

function Rule({ finding }: { finding: LintFinding }): JSX.Element {
  const words = `${finding.tool} ${finding.rule}`;
  const title = [finding.name, ...finding.also].join(', ');
  return finding.url?.startsWith('https://') ? (
    <a href={finding.url} target="_blank" rel="noreferrer noopener" title={title} data-caseloop="rule">
      {words}
      <span className="caseloop-hidden"> (opens in a new tab)</span>
    </a>
  ) : (
    <span className="caseloop-mod-quiet" title={title} data-caseloop="rule">
      {words}
    </span>
  );
}
