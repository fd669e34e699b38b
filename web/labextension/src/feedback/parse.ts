/** Reads stored feedback out of a notebook that anybody may have written: every field is checked or replaced. */
import type { CheckResult, Feedback, Finding, Hint, LocalizedWarning, Place } from '../api/types';
import type { StoredFeedback } from './stored';

type Fields = { [key: string]: unknown };

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const oneOf = <T extends string>(value: unknown, allowed: readonly T[], other: T): T =>
  allowed.includes(value as T) ? (value as T) : other;
const list = <T>(value: unknown, read: (fields: Fields) => T): T[] =>
  Array.isArray(value) ? value.filter(isObject).map(read) : [];
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter(item => typeof item === 'string') : []);

function line(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 1 ? (value as number) : null;
}

function place(value: unknown): Place | null {
  return isObject(value) && typeof value.cell === 'string'
    ? { cell: value.cell, line: line(value.line), end_line: line(value.end_line) }
    : null;
}

const hint = (fields: Fields): Hint => ({
  step: oneOf(fields.step, ['plan', 'consequence', 'location', 'example'], 'plan'),
  text: text(fields.text)
});

const finding = (fields: Fields): Finding => ({
  id: text(fields.id),
  kind: oneOf(
    fields.kind,
    ['exception', 'check', 'value', 'call', 'missing', 'incomplete', 'structure', 'input', 'behaviour', 'notebook', 'case'],
    'check'
  ),
  severity: oneOf(fields.severity, ['error', 'warning', 'info'], 'error'),
  subtask: text(fields.subtask),
  message: text(fields.message),
  place: place(fields.place),
  evidence: [],
  ladder: list(fields.ladder, hint),
  signature: text(fields.signature),
  confidence: number(fields.confidence),
  mentor: textOrNull(fields.mentor),
  remembered: textOrNull(fields.remembered),
  mentor_name: textOrNull(fields.mentor_name),
  mentor_wrote: textOrNull(fields.mentor_wrote)
});

const warning = (fields: Fields): LocalizedWarning => ({
  place: place(fields.place) ?? { cell: '', line: null, end_line: null },
  message: text(fields.message),
  finding: text(fields.finding)
});

const check = (fields: Fields): CheckResult => ({
  label: text(fields.label),
  passed: fields.passed === true,
  hidden: fields.hidden === true,
  points: number(fields.points),
  earned: number(fields.earned)
});

function feedback(fields: Fields): Feedback {
  return {
    verdict: oneOf(fields.verdict, ['approved', 'needs_work', 'could_not_judge'], 'could_not_judge'),
    fault: oneOf(fields.fault, ['none', 'learner', 'case', 'platform'], 'none'),
    headline: text(fields.headline),
    warnings: list(fields.warnings, warning),
    remarks: texts(fields.remarks),
    findings: list(fields.findings, finding),
    checks: list(fields.checks, check),
    points: number(fields.points),
    max_points: number(fields.max_points),
    repairs: texts(fields.repairs),
    words_by: oneOf(fields.words_by, ['rules', 'model', 'mentor'], 'rules'),
    wall_ms: number(fields.wall_ms)
  };
}

function entries<T>(value: unknown, read: (value: unknown) => T): { [key: string]: T } {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item)])) : {};
}

/** The stored feedback of a cell, or undefined where the metadata are not such. */
export function parseStored(value: unknown): StoredFeedback | undefined {
  if (!isObject(value) || typeof value.cell !== 'string' || !isObject(value.feedback)) {
    return undefined;
  }
  return {
    cell: value.cell,
    subtask: text(value.subtask),
    submission: text(value.submission),
    number: number(value.number),
    checked: text(value.checked),
    sources: entries(value.sources, text),
    feedback: feedback(value.feedback),
    opened: entries(value.opened, number),
    rated: entries(value.rated, rating => rating === true)
  };
}
