import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { CodeCell, GivenAnswer, Interval } from '../src/api/quality-types';
import { CodeCells } from '../src/quality/code-cells';
import { Given } from '../src/quality/given';
import { IntervalBar } from '../src/quality/interval';
import { shared } from '../src/quality/scores-table';
import { milliseconds, points, range, share } from '../src/quality/words';

const EVIL = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>';
const KNOWN: Interval = { mean: 0.5, low: 0.25, high: 0.75, count: 8, clusters: 2, missing: 0, note: '' };

describe('figures', () => {
  it.each([
    [1, '100 %'],
    [0.999, '> 99 %'],
    [0.001, '< 1 %'],
    [0, '0 %'],
    [0.934, '93 %'],
    [null, '–']
  ])('says %s as %s', (value, words) => {
    expect(share(value)).toBe(words);
  });

  it('gives points their sign, and none to nothing', () => {
    expect([0.012, -0.3, 0, -0.0001, null].map(points)).toEqual(['+1.2', '−30.0', '0.0', '0.0', '–']);
  });

  it('says why there is no interval', () => {
    expect(range(KNOWN)).toBe('25 % to 75 %');
    expect(range({ ...KNOWN, low: null, high: null, note: 'a single sample' })).toBe('a single sample');
  });

  it('says once what limits all scores', () => {
    const score = (note: string, low: number | null = 0.25) => ({
      name: note, kind: 'rate' as const, value: { ...KNOWN, low, note }
    });
    expect(shared([score('only 3 cases; b'), score('only 3 cases'), score('no values', null)])).toEqual(['only 3 cases']);
    expect(shared([score('only 3 cases')])).toEqual([]);
    expect(shared([score('a'), score('b')])).toEqual([]);
  });

  it('says short and long times', () => {
    expect([12.4, 1_250, null].map(milliseconds)).toEqual(['12 ms', '1.3 s', '–']);
  });
});

describe('IntervalBar', () => {
  const drawn = (value: Interval, reach?: number) => renderToStaticMarkup(createElement(IntervalBar, { value, reach }));

  it('draws the mean in the middle of its interval', () => {
    expect(drawn(KNOWN)).toContain('cx="68"');
    expect(drawn(KNOWN)).toMatch(/<rect[^>]*x="37"[^>]*width="62"/);
  });

  it('draws a difference around zero, and nothing that is not known', () => {
    expect(drawn({ ...KNOWN, mean: 0, low: null, high: null }, 0.1)).toContain('cx="68"');
    expect(drawn({ ...KNOWN, mean: null, low: null, high: null })).not.toMatch(/<(rect|circle)/);
  });
});

describe('CodeCells', () => {
  const cell = (id: string, kind: CodeCell['kind'], marked = false): CodeCell => ({
    id, kind, left_out: 0, lines: [{ number: 1, text: 'x', marked }]
  });
  const open = (cells: CodeCell[], named: string[]) =>
    [...renderToStaticMarkup(createElement(CodeCells, { cells, named })).matchAll(/<details[^>]*>/g)]
      .filter(([tag]) => tag.includes(' open'))
      .map(([tag]) => /data-cell="(\w+)"/.exec(tag)![1]);

  it('opens what something points at, and all code where nothing does', () => {
    expect(open([cell('a', 'markdown'), cell('b', 'code', true), cell('c', 'code')], [])).toEqual(['b']);
    expect(open([cell('a', 'markdown'), cell('b', 'code'), cell('c', 'code')], ['c', 'gone'])).toEqual(['c']);
    expect(open([cell('a', 'markdown'), cell('b', 'code'), cell('c', 'code')], [])).toEqual(['b', 'c']);
  });
});

describe('what learners and models wrote', () => {
  it('is text in code', () => {
    const cells: CodeCell[] = [
      { id: 'x"><b>', kind: 'code', left_out: 3, lines: [{ number: 1, text: EVIL, marked: true }] }
    ];
    const drawn = renderToStaticMarkup(createElement(CodeCells, { cells, named: [] }));
    expect(drawn).not.toMatch(/<(script|img|b)\b/);
    expect(drawn).toContain('3 lines more are not shown.');
  });

  it('is text in feedback', () => {
    const answer: GivenAnswer = {
      run: 'r', verdict: 'needs_work', headline: EVIL, words_by: 'model', wall_ms: 5, prompt_tokens: 0,
      completion_tokens: 0, missing: '',
      words: [
        { kind: 'remark', text: `\`${EVIL}\``, cell: 'c', line: 2, end_line: 4, fact: EVIL },
        { kind: 'hint', text: `${EVIL}\n\n[x](javascript:alert(1))`, cell: null, line: null, end_line: null, fact: '' }
      ]
    };
    const drawn = renderToStaticMarkup(createElement(Given, { answer }));
    expect(drawn).not.toMatch(/<(script|img|a)\b/);
    expect(drawn).toContain('lines 2 to 4');
    expect(renderToStaticMarkup(createElement(Given, { answer: { ...answer, missing: EVIL } }))).not.toMatch(/<img/);
  });
});
