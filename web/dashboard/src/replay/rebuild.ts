/** The notebook at any instant, from the events of a session: pure functions, the rules of docs/reference/session-events.md. */

import type { SessionEvent } from '../api/session-types';
import type { Json } from '../api/types';
import { type Run, begun, ended } from './runs';

const MAX_CELLS = 1_000;
const MAX_UNITS = 200_000;

export interface ReplayCell {
  id: string;
  kind: string;
  source: string;
  /** What the last run of it came to; null: not run yet. */
  ran: Run | null;
}

export interface Instant {
  cells: ReplayCell[];
  /** The cell that was worked in last. */
  active: string | null;
  /** Where the last edit ended in the active cell, in UTF-16 units; null: not known. */
  caret: number | null;
  /** Events are missing before this instant, and no snapshot has come since. */
  uncertain: boolean;
  /** When the last run ended: one that was asked for before that began only then. */
  free: number;
}

export const NOTHING: Instant = { cells: [], active: null, caret: null, uncertain: false, free: 0 };

/** The instant after one more event. What does not fit (an unknown cell, a place beyond the end) is cut to what does. */
export function apply(before: Instant, event: SessionEvent): Instant {
  const { kind, cell, data } = event;
  switch (kind) {
    case 'snapshot':
      return { ...NOTHING, cells: cellsOf(data.cells) };
    case 'edit':
      return edited(before, cell, data);
    case 'run':
      return ran(before, cell, begun(event.at));
    case 'result':
      return finished(before, event);
    case 'cell_created':
      return created(before, cell, data);
    case 'cell_deleted':
      return { ...before, cells: before.cells.filter(other => other.id !== cell) };
    case 'cell_moved':
      return moved(before, cell, whole(data.index));
    case 'cursor':
    case 'paste':
      return { ...before, active: cell ?? before.active, caret: cell === before.active ? before.caret : null };
    default:
      return before;
  }
}

/** All events on top of a start. A gap in the numbers makes what follows uncertain, until the next snapshot. */
export function applyAll(start: Instant, events: readonly SessionEvent[], expected: number | null): Instant {
  let instant = start;
  let next = expected;
  for (const event of events) {
    if (next !== null && event.seq !== next && event.kind !== 'snapshot') {
      instant = { ...instant, uncertain: true };
    }
    instant = apply(instant, event);
    next = event.seq + 1;
  }
  return instant;
}

function edited(before: Instant, id: string | null, data: SessionEvent['data']): Instant {
  const inserted = typeof data.inserted === 'string' ? data.inserted : '';
  const index = before.cells.findIndex(cell => cell.id === id);
  if (index < 0) {
    return before;
  }
  const cell = before.cells[index]!;
  const { source, at } = replaced(cell.source, whole(data.at), whole(data.removed), inserted);
  const caret = Math.min(at + inserted.length, source.length);
  return { ...before, cells: before.cells.with(index, { ...cell, source }), active: id, caret };
}

function ran(before: Instant, id: string | null, run: Run): Instant {
  const cells = before.cells.map(cell => (cell.id === id ? { ...cell, ran: run } : cell));
  return { ...before, cells, active: id ?? before.active, caret: null };
}

function finished(before: Instant, { cell: id, at, data }: SessionEvent): Instant {
  // Where events are missing, the run that began and the one that ended may be two.
  const run = before.uncertain ? null : (before.cells.find(cell => cell.id === id)?.ran ?? null);
  const error = typeof data.error === 'string' ? data.error : null;
  const result = ended(run, { ok: data.ok === true, error, at, free: before.free });
  return { ...ran(before, id, result), free: Math.max(before.free, at) };
}

function created(before: Instant, id: string | null, data: SessionEvent['data']): Instant {
  if (id === null || before.cells.length >= MAX_CELLS || before.cells.some(cell => cell.id === id)) {
    return before;
  }
  const made: ReplayCell = { id, kind: text(data.kind) || 'code', source: capped(text(data.source)), ran: null };
  return { ...before, cells: placed(before.cells, made, whole(data.index)), active: id, caret: null };
}

function moved(before: Instant, id: string | null, index: number): Instant {
  const cell = before.cells.find(other => other.id === id);
  if (!cell) {
    return before;
  }
  const others = before.cells.filter(other => other !== cell);
  return { ...before, cells: placed(others, cell, index) };
}

function placed(cells: ReplayCell[], cell: ReplayCell, index: number): ReplayCell[] {
  const at = Math.min(index, cells.length);
  return [...cells.slice(0, at), cell, ...cells.slice(at)];
}

function cellsOf(value: Json | undefined): ReplayCell[] {
  const found = new Map<string, ReplayCell>();
  for (const cell of Array.isArray(value) ? value : []) {
    if (cell && typeof cell === 'object' && !Array.isArray(cell) && typeof cell.id === 'string' && !found.has(cell.id)) {
      const { id, kind, source } = cell;
      found.set(id, { id, kind: text(kind) || 'code', source: capped(text(source)), ran: null });
    }
  }
  return [...found.values()].slice(0, MAX_CELLS);
}

/** Rule 4: the stretch ends at the end, and moves outward where it would cut a surrogate pair. */
function replaced(source: string, wanted: number, removed: number, inserted: string) {
  const start = Math.min(wanted, source.length);
  const stop = Math.min(start + removed, source.length);
  const at = splitsPair(source, start) ? start - 1 : start;
  const end = removed === 0 ? at : splitsPair(source, stop) ? stop + 1 : stop;
  return { source: capped(source.slice(0, at) + inserted + source.slice(end)), at };
}

/** Rule 8. */
function capped(source: string): string {
  if (source.length <= MAX_UNITS) {
    return source;
  }
  return source.slice(0, splitsPair(source, MAX_UNITS) ? MAX_UNITS - 1 : MAX_UNITS);
}

function splitsPair(source: string, at: number): boolean {
  return at > 0 && at < source.length && surrogate(source, at - 1, 0xd800) && surrogate(source, at, 0xdc00);
}

/** Whether a unit is one of the 1,024 surrogates from `first` on. */
function surrogate(source: string, at: number, first: number): boolean {
  return (source.charCodeAt(at) & 0xfc00) === first;
}

function whole(value: Json | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
