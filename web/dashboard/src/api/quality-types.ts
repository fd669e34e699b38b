/** Runs, samples and labels: mirrors evaluation.py, evaluated_sample.py and labelling.py. */

import type { Verdict } from './types';

// evaluation.py
export type ScoreKind = 'rate' | 'share';
export type Effect = 'broken' | 'fixed' | 'moved' | 'scores' | 'words' | 'same' | 'lost';
export type Decision = 'better' | 'worse' | 'no_evidence' | 'cannot_tell';

export interface Interval {
  mean: number | null;
  low: number | null;
  high: number | null;
  count: number;
  clusters: number;
  missing: number;
  note: string;
}

export interface RunHeading {
  id: string;
  suite: string;
  started: string;
  ended: string | null;
  samples: number;
  accepted: boolean;
  judged: boolean;
}

export interface RunPage {
  items: RunHeading[];
  total: number;
  suites: string[];
  next: number | null;
}

export interface ScoreFigures {
  name: string;
  kind: ScoreKind;
  value: Interval;
}

export interface HeatTile {
  mean: number | null;
  count: number;
}

export interface HeatRow {
  case: string;
  subtask: string;
  samples: number;
  tiles: HeatTile[];
}

export interface VerdictCount {
  expected: string;
  given: string;
  count: number;
}

export interface JudgeState {
  model: string;
  opinions: number;
  labelled: number;
  notes: string[];
}

export interface RunFigures extends RunHeading {
  pipeline: Record<string, string>;
  accepted_by: string | null;
  accepted_at: string | null;
  answered: number;
  not_answered: number;
  contaminated: number;
  cases: number;
  scores: ScoreFigures[];
  heat: HeatRow[];
  verdicts: VerdictCount[];
  median_ms: number | null;
  p95_ms: number | null;
  prompt_tokens: number;
  completion_tokens: number;
  cost: number;
  judge: JudgeState | null;
}

export interface ScoreChange {
  name: string;
  kind: ScoreKind;
  before: Interval;
  after: Interval;
  difference: Interval;
  rose: number;
  fell: number;
  adjusted_p: number | null;
  decision: Decision;
}

export interface RunComparison {
  before: RunHeading;
  after: RunHeading;
  outcome: 'fine' | 'worse' | 'cannot_tell';
  reasons: string[];
  scores: ScoreChange[];
  flips: Interval;
  effects: Partial<Record<Effect, number>>;
  compared: number;
  contaminated: number;
  only_before: number;
  only_after: number;
  altered: number;
}

// evaluated_sample.py
export type Said = 'yes' | 'no' | 'cannot_tell';

export interface SampleLine {
  id: string;
  case: string;
  subtask: string;
  source: string;
  expected: Verdict | null;
  verdict: Verdict | null;
  contaminated: boolean;
  scores: Record<string, number | null>;
  effect: Effect | null;
}

export interface SamplePage {
  items: SampleLine[];
  total: number;
  next: number | null;
}

export interface CodeLine {
  number: number;
  text: string;
  marked: boolean;
}

export interface CodeCell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  lines: CodeLine[];
  left_out: number;
}

export interface PlacedWords {
  kind: 'warning' | 'remark' | 'finding' | 'mentor' | 'hint';
  text: string;
  cell: string | null;
  line: number | null;
  end_line: number | null;
  fact: string;
}

export interface GivenAnswer {
  run: string;
  verdict: Verdict | null;
  headline: string;
  words: PlacedWords[];
  words_by: string;
  wall_ms: number;
  prompt_tokens: number;
  completion_tokens: number;
  missing: string;
}

export interface ExpectedProblem {
  about: string;
  cell: string | null;
  line: number | null;
  end_line: number | null;
}

export interface SampleScore {
  name: string;
  kind: ScoreKind;
  value: number | null;
  before: number | null;
  why: string;
}

export interface JudgeOpinion {
  item: string;
  question: string;
  title: string;
  asks: string;
  subject: string;
  good: Said;
  answer: Said | null;
  informed: Said | null;
  turned: boolean;
  wavered: boolean;
  reasons: string;
  people: Record<string, Said>;
}

export interface EvaluatedSample {
  run: string;
  id: string;
  case: string;
  subtask: string;
  version: string | null;
  source: string;
  tags: string[];
  expected: Verdict | null;
  problems: ExpectedProblem[];
  must_not_say: string[];
  contaminated: string;
  cells: CodeCell[];
  answer: GivenAnswer;
  before: GivenAnswer | null;
  effect: Effect | null;
  scores: SampleScore[];
  opinions: JudgeOpinion[];
}

export interface JudgeMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface JudgeExchange {
  question: string;
  look: 'blind' | 'informed';
  order: 'yes_first' | 'no_first';
  repetition: number;
  model: string;
  outcome: string;
  answer: Said | null;
  problem: string;
  messages: JudgeMessage[];
  said: string;
}

// labelling.py
export interface LabelItem {
  item: string;
  sample: string;
  case: string;
  subtask: string;
  question: string;
  title: string;
  asks: string;
  yes: string;
  no: string;
  subject: string;
  cells: CodeCell[];
  answer: GivenAnswer;
  why: string;
  others: number;
}

export interface LabelPage {
  run: string;
  items: LabelItem[];
  given: number;
  labelled: number;
  judged: number;
}

export interface GiveLabel {
  item: string;
  answer: Said;
  note: string;
}

export interface LabelGiven {
  item: string;
  question: string;
  answer: Said;
  by: string;
  at: string;
  drawn: 'at_random' | 'picked';
  note: string;
}
