import { useCallback, useMemo, useState } from 'react';
import type { Cell, Place } from '../api/types';

/** The code on the screen: the learner's, or a copy that the mentor tries things in. */
export function useWork(cells: Cell[]) {
  const [editing, setEditing] = useState(false);
  const [edits, setEdits] = useState<Record<string, string>>({});
  const [reveal, setReveal] = useState<(Place & { line: number }) | null>(null);
  const [cursor, setCursor] = useState<{ cell: string; line: number } | null>(null);
  const current = useMemo(
    () => cells.map(cell => ({ ...cell, source: edits[cell.id] ?? cell.source })),
    [cells, edits]
  );
  const change = useCallback((cell: string, source: string) => setEdits(before => ({ ...before, [cell]: source })), []);
  const moved = useCallback((cell: string, line: number) => setCursor({ cell, line }), []);
  const show = useCallback((place: Place) => setReveal({ ...place, line: place.line ?? 1 }), []);
  const clearReveal = useCallback(() => setReveal(null), []);
  const reset = useCallback(() => {
    setEdits({});
    setEditing(false);
  }, []);
  const edited = cells.some(cell => edits[cell.id] !== undefined && edits[cell.id] !== cell.source);
  return { current, editing, setEditing, edited, change, reset, reveal, show, clearReveal, cursor, moved };
}

export type Work = ReturnType<typeof useWork>;
