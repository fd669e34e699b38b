import type { UploadState, UploadStep, VersionState } from '../api/authoring-types';

export const UPLOAD_STATES: Record<UploadState, string> = {
  receiving: 'Being received',
  waiting: 'Waiting its turn',
  working: 'Being checked',
  published: 'Published',
  checked: 'Passed',
  rejected: 'Has problems',
  failed: 'Could not be checked',
  cancelled: 'Cancelled'
};

export const VERSION_STATES: Record<VersionState, string> = {
  current: 'Current',
  older: 'Older',
  withdrawn: 'Withdrawn',
  checked: 'Ready to publish'
};

export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** What is going on, or what has been done, in one line; undefined for steps that only end an upload. */
export interface Line {
  kind: string;
  words: string;
  index?: number;
  count?: number;
}

type Told = UploadStep['step'];

const LINES: Record<string, (step: Told) => string> = {
  received: step => `Received ${size(Number(step.size))}`,
  again: step => `Begun again: ${String(step.why)}`,
  unpacking: () => 'Unpack the archive',
  queueing: () => 'Wait for another upload of this case',
  reading: () => 'Read notebook, settings and data',
  storing: step => `Store ${Number(step.files) === 1 ? '1 data file' : `${String(step.files)} data files`}`,
  building: step => `Install ${names(step.requirements)}${step.line ? `: ${String(step.line)}` : ''}`,
  built: step =>
    `${step.fresh ? 'Made the environment' : 'Took the environment made before'}${step.image ? ', and its image' : ''}`,
  mutating: step => `Put small faults into the reference (${String(step.missed)} missed so far)`,
  trying: step => `Try the ${String(step.what)}`
};
/** The report has a place of its own on the page. */
const ENDS = new Set(['report', 'rejected', 'passed', 'published', 'failed']);

function names(requirements: Told[string] | undefined): string {
  return Array.isArray(requirements) ? requirements.join(', ') : '';
}

export function lineOf(step: Told): Line | undefined {
  const kind = String(step.kind);
  if (ENDS.has(kind)) {
    return undefined;
  }
  const words = LINES[kind]?.(step) ?? [capital(kind.replaceAll('_', ' ')), step.what].filter(Boolean).join(': ');
  const index = step.index ?? step.done;
  const part = typeof index === 'number' && typeof step.count === 'number';
  return part ? { kind, words, index, count: Number(step.count) } : { kind, words };
}

/** Steps of one kind in a row are one line: the last one, with how far it is. */
export function linesOf(steps: UploadStep[], going: boolean): Line[] {
  const lines: Line[] = [];
  for (const { step } of steps) {
    const line = lineOf(step);
    const before = lines.at(-1);
    if (line && before?.kind === line.kind && (line.count !== undefined || line.kind === 'building')) {
      lines[lines.length - 1] = line;
    } else if (line) {
      lines.push(line);
    }
  }
  return lines.map((line, index) => (going && index === lines.length - 1 ? line : done(line)));
}

/** What installers said, in order: the last line alone says too little when a build has failed. */
export function logOf(steps: UploadStep[]): string[] {
  return steps.flatMap(({ step }) => (step.kind === 'building' && step.line ? [String(step.line)] : []));
}

/** What was done together, once it is over. */
function done(line: Line): Line {
  switch (line.kind) {
    case 'trying':
      return { kind: line.kind, words: `Tried ${line.index} of ${line.count} notebooks` };
    case 'mutating':
      return { kind: line.kind, words: `Put ${line.index} small faults into the reference` };
    default:
      return line;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A version's short name, as the command line prints it. */
export function short(version: string): string {
  return version.slice(0, 12);
}
