import { useCallback, useEffect, useState } from 'react';
import type { AnswerEscalation, LineComment } from '../api/mentoring-types';

export type Draft = AnswerEscalation;

const EMPTY: Draft = { text: '', comments: [], remember: false, only_version: false, also: [] };

/** What the mentor is writing: kept in the tab, so that a reload or a sign-in in between loses nothing. */
export function useDraft(id: string) {
  const key = `caseloop-draft-${id}`;
  const [draft, setDraft] = useState<Draft>(() => read(key));
  useEffect(() => {
    if (draft === EMPTY) {
      sessionStorage.removeItem(key);
    } else {
      sessionStorage.setItem(key, JSON.stringify(draft));
    }
  }, [key, draft]);
  const change = useCallback((part: Partial<Draft>) => setDraft(before => ({ ...before, ...part })), []);
  const insert = useCallback(
    (words: string) => setDraft(before => ({ ...before, text: before.text ? `${before.text.trimEnd()}\n\n${words}` : words })),
    []
  );
  const comment = useCallback(
    (cell: string, line: number) =>
      setDraft(before => ({ ...before, comments: withComment(before.comments, cell, line) })),
    []
  );
  const clear = useCallback(() => setDraft(EMPTY), []);
  return { draft, change, insert, comment, clear };
}

/** What can be sent: comments without words are left out. */
export function sendable(draft: Draft): Draft {
  return { ...draft, text: draft.text.trim(), comments: draft.comments.filter(({ text }) => text.trim()) };
}

/** What takes a remembered answer's place: words alone, for lines are different in everybody's code. */
export function inItsPlace(draft: Draft): Draft {
  return { ...EMPTY, text: draft.text.trim() };
}

export function withComment(comments: LineComment[], cell: string, line: number): LineComment[] {
  const there = comments.some(({ place }) => place.cell === cell && place.line === line);
  return there ? comments : [...comments, { place: { cell, line, end_line: line }, text: '' }];
}

function read(key: string): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Draft | null;
    return kept ? { ...EMPTY, ...kept } : EMPTY;
  } catch {
    return EMPTY;
  }
}
