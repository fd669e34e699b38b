import { describe, expect, it } from 'vitest';
import type { Feedback } from '../src/api/types';
import { parseStored } from '../src/feedback/parse';
import { isStale, marks, owns, toStored } from '../src/feedback/stored';

const place = (cell: string, line: number | null, end: number | null = null) => ({ cell, line, end_line: end });
const cell = (id: string, source = '') => ({ id, kind: 'code' as const, source, metadata: {} });
const view = { id: 'total', title: 'Total', index: 0, points: 1, cells: ['a', 'b'], answer_cells: ['a', 'b'] };
const feedback: Feedback = {
  verdict: 'needs_work',
  fault: 'learner',
  headline: 'Not yet.',
  warnings: [{ place: place('a', 2, 90), message: 'warned', finding: 'f' }],
  remarks: [],
  findings: [
    {
      id: 'f',
      kind: 'value',
      severity: 'error',
      subtask: 'total',
      message: 'found',
      place: place('helper', 1),
      evidence: [],
      ladder: [],
      signature: 's',
      confidence: 1,
      mentor: null,
      remembered: null,
      mentor_name: null,
      mentor_wrote: null
    }
  ],
  checks: [],
  points: 0,
  max_points: 1,
  repairs: [],
  words_by: 'rules',
  wall_ms: 1
};

describe('owns', () => {
  const carried = { cell: 'x' };

  it('is the cell with the id', () => {
    expect(owns([{ id: 'x', feedback: carried }], 0)).toBe(true);
  });

  it('is nobody without feedback', () => {
    expect(owns([{ id: 'x' }], 0)).toBe(false);
  });

  it('stays with the last piece of a split, which keeps the id, not with the copy above', () => {
    const cells = [
      { id: 'piece', feedback: carried },
      { id: 'x', feedback: carried }
    ];
    expect([owns(cells, 0), owns(cells, 1)]).toEqual([false, true]);
  });

  it('is not the copy of a cell', () => {
    const cells = [
      { id: 'x', feedback: carried },
      { id: 'copy', feedback: carried }
    ];
    expect([owns(cells, 0), owns(cells, 1)]).toEqual([true, false]);
  });

  it('stays beside the original when that has lost or dismissed its feedback', () => {
    expect(owns([{ id: 'x' }, { id: 'copy', feedback: carried }], 1)).toBe(false);
  });

  it('is the first that carries it after a merge gave the cell a new id', () => {
    const cells = [{ id: 'other' }, { id: 'merged', feedback: carried }, { id: 'copy', feedback: carried }];
    expect([owns(cells, 1), owns(cells, 2)]).toEqual([true, false]);
  });
});

describe('isStale', () => {
  const answer = { submission: 's', number: 1, feedback };
  const cells = [cell('a', 'x = 1'), cell('b', 'y'), cell('helper', 'z'), cell('later', 'w')];
  const stored = toStored('b', view, answer, cells);

  it('is false for the code that was judged, wherever its cells are', () => {
    expect(isStale(stored, [...cells].reverse())).toBe(false);
  });

  it('is true after an edit of any answer cell or marked cell, and false again when it is undone', () => {
    for (const id of ['a', 'b', 'helper']) {
      expect(isStale(stored, cells.map(other => (other.id === id ? cell(id, 'edited') : other)))).toBe(true);
    }
    expect(isStale(stored, cells)).toBe(false);
  });

  it('does not look at other cells', () => {
    expect(isStale(stored, cells.map(other => (other.id === 'later' ? cell('later', 'edited') : other)))).toBe(false);
  });

  it('is true when a judged cell has gone', () => {
    expect(isStale(stored, cells.slice(1))).toBe(true);
  });
});

describe('marks', () => {
  it('are the lines of warnings and findings, at most five for one remark', () => {
    const found = marks(feedback);
    expect([...found.get('a')!.keys()]).toEqual([2, 3, 4, 5, 6]);
    expect(found.get('a')!.get(2)).toBe('warned');
    expect([...found.get('helper')!]).toEqual([[1, 'found']]);
  });

  it('need a line', () => {
    expect(marks({ ...feedback, warnings: [], findings: [] }).size).toBe(0);
    expect(marks({ ...feedback, findings: [], warnings: [{ place: place('a', null), message: '', finding: '' }] }).size).toBe(0);
  });
});

describe('parseStored', () => {
  it('reads back what was stored', () => {
    const stored = toStored('b', view, { submission: 's', number: 1, feedback }, [cell('a'), cell('b')]);
    expect(parseStored(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  });

  it('takes nothing that is not feedback', () => {
    for (const value of [undefined, null, 3, 'x', [], {}, { cell: 1, feedback: {} }, { cell: 'x' }, { cell: 'x', feedback: [] }]) {
      expect(parseStored(value)).toBeUndefined();
    }
  });

  it('replaces every field of a wrong kind, so that nothing can break the page', () => {
    const hostile = {
      verdict: 'approved!', headline: { toString: 1 }, warnings: 'no', remarks: [1, 'kept'], points: Infinity,
      findings: [null, { id: 5, ladder: [{ step: 'x', text: [] }], place: { cell: 'a', line: -1 } }], checks: [{ passed: 'yes' }]
    };
    const read = parseStored({ cell: 'x', feedback: hostile, sources: [], opened: { f: 'many' } })!;
    expect(read.feedback.verdict).toBe('could_not_judge');
    expect(read.feedback.headline).toBe('');
    expect(read.feedback.remarks).toEqual(['kept']);
    expect(read.feedback.points).toBe(0);
    expect(read.feedback.findings[0].place).toEqual({ cell: 'a', line: null, end_line: null });
    expect(read.feedback.findings[0].ladder).toEqual([{ step: 'plan', text: '' }]);
    expect(read.feedback.checks[0].passed).toBe(false);
    expect(read.sources).toEqual({});
    expect(read.opened).toEqual({ f: 0 });
  });
});
