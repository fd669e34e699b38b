import type { Json } from '../api/types';

export interface HintSoFar {
  kind: string;
  text: string;
  reflection: string;
  helpful: boolean | null;
}

export interface ChatTurn {
  role: 'learner' | 'assistant';
  text: string;
}

export interface HelpSoFar {
  hints: HintSoFar[];
  chat: ChatTurn[];
}

type Fields = { [key: string]: Json };

/** What an escalation carries of the help so far: plain JSON, read with care, for the gateway may say more later. */
export function helpOf(help: Fields): HelpSoFar {
  return {
    hints: list(help.hints, 'hints').filter(hint => words(hint.text)).map(hint => ({
      kind: words(hint.kind),
      text: words(hint.text),
      reflection: words(hint.reflection),
      helpful: typeof hint.helpful === 'boolean' ? hint.helpful : null
    })),
    chat: list(help.conversation, 'messages').map(turn => ({
      role: turn.role === 'learner' ? 'learner' : 'assistant',
      text: words(turn.text)
    }))
  };
}

/** The objects of a list, or of the list that an object holds under a name. */
function list(value: Json | undefined, name: string): Fields[] {
  const inner = fields(value) ? fields(value)![name] : value;
  return Array.isArray(inner) ? inner.map(entry => fields(entry)).filter(entry => entry !== null) : [];
}

function fields(value: Json | undefined): Fields | null {
  return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
}

function words(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
