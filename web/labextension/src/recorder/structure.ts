/** Which cells came, went and moved. Pure functions. */
import type { Json } from '../api/types';

export interface RecordedCell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
}

export interface StructureEvent {
  kind: 'cell_created' | 'cell_deleted' | 'cell_moved';
  cell: string;
  data: { [key: string]: Json };
}

/** Events that, in this order, make a notebook with the cells `before` one with the cells `after`. */
export function structure(before: readonly string[], after: readonly RecordedCell[]): StructureEvent[] {
  const wanted = new Set(after.map(cell => cell.id));
  const events: StructureEvent[] = before
    .filter(id => !wanted.has(id))
    .map(cell => ({ kind: 'cell_deleted', cell, data: {} }));
  const order = before.filter(id => wanted.has(id));
  const known = new Set(order);
  const stay = inOrder(order, new Map(after.map(({ id }, index) => [id, index])));
  after.forEach(({ id, kind, source }, place) => {
    if (stay.has(id)) {
      return;
    }
    if (known.has(id)) {
      order.splice(order.indexOf(id), 1);
    }
    // right behind the cell that is before it in the end, which has its place already
    const index = place === 0 ? 0 : order.indexOf(after[place - 1].id) + 1;
    order.splice(index, 0, id);
    events.push(
      known.has(id)
        ? { kind: 'cell_moved', cell: id, data: { index } }
        : { kind: 'cell_created', cell: id, data: { index, kind, source } }
    );
  });
  return events;
}

/** A longest row of cells that are in the right order already (patience, by their last places): the others move. */
function inOrder(order: readonly string[], places: ReadonlyMap<string, number>): Set<string> {
  const piles: string[] = [];
  const below = new Map<string, string | undefined>();
  for (const id of order) {
    const place = places.get(id)!;
    const pile = piles.findIndex(top => places.get(top)! > place);
    const at = pile < 0 ? piles.length : pile;
    below.set(id, piles[at - 1]);
    piles[at] = id;
  }
  const row = new Set<string>();
  for (let id = piles.at(-1); id !== undefined; id = below.get(id)) {
    row.add(id);
  }
  return row;
}
