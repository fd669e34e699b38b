import type { Json, Place } from '../api/types';

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

/** One remark of the style review, as far as it is shown. */
export interface StyleRemark {
  message: string;
  rule: string;
  severity: string;
  place: Place;
}

export interface Style {
  findings: StyleRemark[];
  dropped: number;
}

export interface HelpSoFar {
  hints: HintSoFar[];
  chat: ChatTurn[];
  style: Style | null;
}

type Fields = { [key: string]: Json };

/** What an escalation carries of the help so far: plain JSON, read with care, for the gateway may say more later. */
export function helpOf(help: Fields): HelpSoFar {
  return {
    hints: list(help.hints, 'hints').map(hint => ({
      kind: words(hint.kind),
      text: words(hint.text),
      reflection: words(hint.reflection),
      helpful: typeof hint.helpful === 'boolean' ? hint.helpful : null
    })),
    chat: list(help.chat, 'messages').map(turn => ({
      role: turn.role === 'learner' ? 'learner' : 'assistant',
      text: words(turn.text)
    })),
    style: styleOf(help.style)
  };
}

/** The objects of a list, or of the list that an object holds under a name. */
function list(value: Json | undefined, name: string): Fields[] {
  const inner = fields(value) ? fields(value)![name] : value;
  return Array.isArray(inner) ? inner.map(entry => fields(entry)).filter(entry => entry !== null) : [];
}

function styleOf(value: Json | undefined): Style | null {
  const report = fields(value);
  if (!report) {
    return null;
  }
  const findings = list(report.findings, '').map(finding => {
    const place = fields(finding.place) ?? {};
    return {
      message: words(finding.message),
      rule: words(finding.rule),
      severity: words(finding.severity),
      place: { cell: words(place.cell), line: typeof place.line === 'number' ? place.line : null, end_line: null }
    };
  });
  return { findings, dropped: typeof report.dropped === 'number' ? report.dropped : 0 };
}

function fields(value: Json | undefined): Fields | null {
  return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
}

function words(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
