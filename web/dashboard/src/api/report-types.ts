/** What the CI of a case found: mirrors case_report.py. */

export type MutantOutcome = 'caught' | 'missed' | 'same_code' | 'same_result' | 'declared' | 'not_judged';

// case_report.py
export interface TrialLine {
  kind: 'reference' | 'starter' | 'variant' | 'flaw';
  what: string;
  file: string;
  cell: string | null;
  subtask: string;
  verdict: 'approved' | 'needs_work' | 'could_not_judge';
  as_wanted: boolean;
  detail: string;
  seconds: number;
}

export interface MutantLine {
  id: string;
  subtask: string;
  cell: string;
  line: number;
  group: 'general' | 'ml';
  operator: string;
  title: string;
  before: string;
  after: string;
  outcome: MutantOutcome;
  caught_by: string[];
  reason: string;
  seconds: number;
}

export interface SubtaskLine {
  id: string;
  title: string;
  points: number;
  seconds: number | null;
  caught: number;
  missed: number;
  equivalent: number;
  not_judged: number;
}

export interface Gate {
  threshold: number | null;
  score: number | null;
  passed: boolean;
  why: string;
}

export interface CaseReport {
  case: string;
  version: string;
  title: string;
  at: string;
  seconds: number;
  mutant_seconds: number;
  trials: TrialLine[];
  mutants: MutantLine[];
  subtasks: SubtaskLine[];
  left_out: number;
  gate: Gate;
}
