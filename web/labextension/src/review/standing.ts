/** Where a step stands with its style review. Pure functions. */
import type { LabReviewed, LintFinding } from '../api/style-types';

const GRAVITY = ['none', 'advice', 'warning', 'error'];

/** Remarks that are neither mended nor dismissed, most important first. */
export function openFindings({ report, dismissed }: LabReviewed): LintFinding[] {
  const left = new Set(dismissed.map(one => one.finding));
  return report.findings.filter(finding => !left.has(finding.id));
}

/** Those of them that stand between the step and «polished». */
export function blocking(reviewed: LabReviewed): LintFinding[] {
  const limit = GRAVITY.indexOf(reviewed.may_remain);
  return openFindings(reviewed).filter(finding => GRAVITY.indexOf(finding.severity) > limit);
}

/** Tools that did not finish: their remarks are missing. */
export function missingTools({ report }: LabReviewed): string[] {
  return report.tools.filter(tool => tool.status !== 'ok').map(tool => tool.tool);
}

export type Outlook = 'polished' | 'incomplete' | 'unchecked' | 'open';

/** What is to be said first: the step is polished, or what still stands in the way. */
export function outlook(reviewed: LabReviewed): Outlook {
  if (blocking(reviewed).length) {
    return 'open';
  }
  if (missingTools(reviewed).length) {
    return 'incomplete';
  }
  if (!reviewed.approved_code) {
    return 'unchecked';
  }
  return reviewed.progress.state === 'polished' ? 'polished' : 'open';
}
