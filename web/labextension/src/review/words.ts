/** What is said about a style review. Pure functions. */
import type { LabReviewed, LintFinding } from '../api/style-types';
import { plural } from '../parts/words';
import { blocking, missingTools, openFindings, outlook } from './standing';

export const SEVERITIES: { [severity in LintFinding['severity']]: string } = {
  error: 'Problem',
  warning: 'Warning',
  advice: 'Advice'
};
export const CATEGORIES: { [category in LintFinding['category']]: string } = {
  correctness: 'correctness',
  security: 'security',
  types: 'types',
  dead_code: 'unused code',
  readability: 'readability',
  data_science: 'data science'
};

/** The rule as people look it up: its tool, its code, its name. */
export function ruleWords({ tool, rule, name }: Pick<LintFinding, 'tool' | 'rule' | 'name'>): string {
  return name && name !== rule ? `${tool} ${rule} · ${name}` : `${tool} ${rule}`;
}

/** The first sentence of the view. */
export function outlookWords(reviewed: LabReviewed): string {
  const stands = blocking(reviewed).length;
  const open = openFindings(reviewed).length;
  switch (outlook(reviewed)) {
    case 'polished':
      return open ? 'This step is polished. What is left is for your interest.' : 'Nothing to remark: this step is polished.';
    case 'incomplete':
      return `Not complete: ${missingTools(reviewed).join(', ')} did not finish. Review again for the rest.`;
    case 'unchecked':
      return 'Nothing stands in the way of «polished» any more. Your code has changed since it was approved: check it once more.';
    case 'open':
      return reviewed.progress.state === 'polished'
        ? `This step stays polished. ${plural(stands, 'new remark')} came up.`
        : `${plural(stands, 'remark stands', 'remarks stand')} between this step and «polished». Mend each, or say why it should stay.`;
  }
}

/** For a screen reader, when a review has come. */
export function reviewAnnouncement(reviewed: LabReviewed): string {
  const fixed = reviewed.fixed.length ? `${plural(reviewed.fixed.length, 'remark')} mended. ` : '';
  return fixed + outlookWords(reviewed);
}
