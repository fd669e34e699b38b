import { describe, expect, it } from 'vitest';
import { homeIndex, isLocked, type NotebookCell, subtaskAt } from '../src/case/cells';

const cell = (id: string, nbgrader?: object, kind: NotebookCell['kind'] = 'code'): NotebookCell => ({
  id, kind, source: '', metadata: nbgrader ? { nbgrader: nbgrader as never } : {}
});
const view = (id: string, cells: string[], answers: string[]) => ({
  id, title: id, index: 0, points: 0, cells, answer_cells: answers
});
const one = view('one', ['t1', 'a1', 'a2', 'c1'], ['a1', 'a2']);
const two = view('two', ['t2', 'b1', 'c2'], ['b1']);
const views = [one, two];
const check = { grade: true, locked: true };

describe('subtaskAt', () => {
  const cells = ['intro', 't1', 'a1', 'mine', 'a2', 'c1', 't2', 'b1', 'c2', 'end'].map(id => cell(id));

  it('is the subtask of the cell or of the nearest known cell above', () => {
    const found = cells.map((_, index) => subtaskAt(cells, index, views)?.id);
    expect(found).toEqual([undefined, 'one', 'one', 'one', 'one', 'one', 'two', 'two', 'two', 'two']);
  });

  it('is none before the first and outside', () => {
    expect(subtaskAt(cells, -1, views)).toBeUndefined();
    expect(subtaskAt([], 0, views)).toBeUndefined();
  });
});

describe('homeIndex', () => {
  it('is the last answer cell', () => {
    expect(homeIndex(['t1', 'a1', 'x', 'a2', 'c1'].map(id => cell(id)), one, views)).toBe(3);
  });

  it('is the last cell that may be edited where a merge gave the answer cells a new id', () => {
    const cells = [cell('t1', undefined, 'markdown'), cell('merged'), cell('c1', check), cell('t2', undefined, 'markdown')];
    expect(homeIndex(cells, one, views)).toBe(1);
    expect(homeIndex(cells, two, views)).toBe(-1);
  });

  it('is no markdown cell', () => {
    expect(homeIndex([cell('a1', undefined, 'markdown')], one, views)).toBe(-1);
  });
});

describe('isLocked', () => {
  it('is true for check cells and read-only cells', () => {
    expect(isLocked(cell('c', check))).toBe(true);
    expect(isLocked(cell('c', { locked: true }))).toBe(true);
  });

  it('is false for answer cells, cells of the learner, and odd metadata', () => {
    expect(isLocked(cell('c', { solution: true, grade: false, locked: false }))).toBe(false);
    expect(isLocked(cell('c'))).toBe(false);
    expect(isLocked({ ...cell('c'), metadata: { nbgrader: 'locked' } })).toBe(false);
    expect(isLocked({ ...cell('c'), metadata: { nbgrader: null } })).toBe(false);
  });
});
