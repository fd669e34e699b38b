/** What a learner reads of a feedback, in rules' words or a model's. Pure functions. */
import type { WordsPart } from '../api/assisted-types';
import type { Feedback, LocalizedWarning } from '../api/types';
import { says } from '../parts/words';

export interface Reading {
  headline: string;
  /** By id of the finding: sentences that stand in place of the rules' own. */
  worded: Map<string, LocalizedWarning[]>;
  remarks: string[];
}

/**
 * The words to show: those a feedback has, and over them what a model has written so far. A finding without a
 * sentence of the model's keeps the rules' words, and so does each remark until its place is taken.
 */
export function reading(feedback: Feedback, parts: readonly WordsPart[] = []): Reading {
  const own = feedback.remarks.filter(remark => !feedback.findings.some(finding => says(finding.message, remark)));
  const byModel = feedback.words_by === 'model' ? feedback.warnings : [];
  const worded = group(byModel);
  for (const [finding, sentence] of sentences(parts)) {
    const places = feedback.warnings.find(warning => warning.finding === finding)?.place;
    const place = places ?? feedback.findings.find(candidate => candidate.id === finding)?.place;
    worded.set(finding, [{ finding, message: sentence, place: place ?? { cell: '', line: null, end_line: null } }]);
  }
  const remarks = parts.filter(part => part.finding === null).map(part => part.text.trim());
  return { headline: feedback.headline, worded, remarks: [...remarks, ...own.slice(remarks.length)] };
}

function group(warnings: readonly LocalizedWarning[]): Map<string, LocalizedWarning[]> {
  const groups = new Map<string, LocalizedWarning[]>();
  for (const warning of warnings) {
    groups.set(warning.finding, [...(groups.get(warning.finding) ?? []), warning]);
  }
  return groups;
}

/** What was written about each finding so far, as one text. */
function sentences(parts: readonly WordsPart[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { finding, text } of parts) {
    if (finding !== null && text.trim()) {
      found.set(finding, `${found.get(finding) ?? ''} ${text.trim()}`.trim());
    }
  }
  return found;
}
