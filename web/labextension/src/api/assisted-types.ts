/** Words, hints, chat and the choice about AI on the wire: mirrors services/contracts as types.ts does. */
import type { Cell, Feedback, Place } from './types';

// assistance.py
export type WordsBy = 'rules' | 'model' | 'mentor';

export interface AiChoice {
  ai: boolean;
}

export interface Assistance {
  mode: 'none' | 'lead_and_reveal' | 'full';
  choice: boolean | null;
  chosen: string | null;
  uses: number;
  model: string | null;
  remote: boolean;
}

// words.py
export interface WordsPart {
  kind: 'words';
  text: string;
  finding: string | null;
}

// lab.py
export interface LabWords {
  submission: string;
}

export interface LabWorded {
  submission: string;
  feedback: Feedback;
}

export interface LabChatReset {
  subtask: string;
}

// hint.py
export type HintKind = 'plan' | 'debug' | 'optimize';

export interface AskHint {
  subtask: string;
  kind: HintKind;
  cells: Cell[];
}

export interface Reflect {
  text: string;
}

export interface RateHint {
  helpful: boolean;
}

export interface HintView {
  id: string;
  subtask: string;
  kind: HintKind;
  state: 'working' | 'reflect' | 'ready' | 'failed';
  stage: 'waiting' | 'checking' | 'repairing' | 'wording' | 'trying' | 'done';
  asked: string;
  text: string | null;
  place: Place | null;
  words_by: WordsBy;
  reflection: string | null;
  helpful: boolean | null;
  counted: boolean;
  problem: string | null;
}

export interface HintsLeft {
  plan: number | null;
  debug: number | null;
  optimize: number | null;
  overall: number | null;
}

export interface HintShelf {
  subtask: string;
  hints: HintView[];
  left: HintsLeft;
  unrated: string | null;
}

// chat.py
export interface AskChat {
  subtask: string;
  cells: Cell[];
  text: string;
  reasoning: string | null;
}

export interface Cited {
  finding: string;
  message: string;
}

export interface Message {
  id: string;
  role: 'learner' | 'assistant';
  text: string;
  sent: string;
  intent: 'debug' | 'concept' | 'strategy' | 'reflection' | 'status' | 'general' | 'off_topic' | null;
  words_by: WordsBy | null;
  cites: Cited[];
  follow_ups: string[];
  truncated: boolean;
}

export interface Conversation {
  subtask: string;
  messages: Message[];
  reasoning_needed: boolean;
  left: number | null;
}

export interface ChatDelta {
  kind: 'delta';
  text: string;
}

export interface ChatRetracted {
  kind: 'retracted';
}

export interface ChatDone {
  kind: 'done';
  question: Message;
  answer: Message;
  left: number | null;
}
