import type { ClassRow, ClassSubtask } from '../api/desk-types';

export const STATES: Record<ClassSubtask['state'], string> = {
  not_started: 'not started',
  in_progress: 'in progress',
  approved: 'approved',
  polished: 'polished'
};

/** A step's title; one that the newest version of the case has no longer is told by its id. */
export function titleIn(titles: Readonly<Record<string, string>>, step: string): string {
  return Object.hasOwn(titles, step) ? titles[step]! : step;
}

export interface StepLine {
  step: string;
  title: string;
  /** Null: never checked, so there is nothing to look at. */
  standing: ClassSubtask | null;
}

/** The steps of the case in its order, each with where the learner stands; those that are gone come last. */
export function stepLines(subtasks: readonly ClassSubtask[], titles: Readonly<Record<string, string>>): StepLine[] {
  const standings = new Map(subtasks.map(standing => [standing.subtask, standing]));
  const gone = [...standings.keys()].filter(step => !Object.hasOwn(titles, step));
  return [...Object.keys(titles), ...gone].map(step => ({
    step,
    title: titleIn(titles, step),
    standing: standings.get(step) ?? null
  }));
}

/** The step whose work is shown first: the open one, else the one that was checked last; empty where there is none. */
export function stepOf({ current, subtasks }: ClassRow): string {
  const last = subtasks.reduce<ClassSubtask | null>(
    (latest, one) => (latest === null || Date.parse(one.updated) > Date.parse(latest.updated) ? one : latest),
    null
  );
  return current ?? last?.subtask ?? '';
}
