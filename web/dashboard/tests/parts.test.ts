import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { address, parse } from '../src/app/router';
import { changedCells } from '../src/escalation/compare';
import { inItsPlace, sendable, withComment } from '../src/escalation/draft';
import { helpOf } from '../src/escalation/help';
import { marksOf, placeName } from '../src/escalation/places';
import { standingOf } from '../src/escalation/standing';
import { percent, withoutMentor } from '../src/measures/shares';
import { change } from '../src/parts/editor';
import { Markdown, safe } from '../src/parts/markdown';
import { clock, day, duration } from '../src/parts/time';
import { unifiedLines } from '../src/parts/unified';
import { askerOf, reasonOf } from '../src/parts/words';
import { orderOf } from '../src/queue/order';
import type { QueueItem } from '../src/api/mentoring-types';
import type { Cell, Feedback } from '../src/api/types';

function drawn(text: string): string {
  return renderToStaticMarkup(createElement(Markdown, { text }));
}

function cell(id: string, source: string): Cell {
  return { id, kind: 'code', source, metadata: {} };
}

describe('Markdown', () => {
  it('draws tables', () => {
    expect(drawn('| a | b |\n|---|---|\n| 1 | `x` |')).toContain('<td>1</td><td><code>x</code></td>');
  });

  it('draws emphasis, code and lists', () => {
    expect(drawn('**bold** and `code`')).toBe('<div class="Markdown"><p><strong>bold</strong> and <code>code</code></p></div>');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    'text <b onclick="alert(1)">b</b>',
    '<iframe srcdoc="<script>1</script>"></iframe>'
  ])('keeps %s as text', hostile => {
    expect(drawn(hostile)).not.toMatch(/<(script|img|svg|iframe|b)\b/);
  });

  it.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', '//evil.example', 'java\nscript:x', '#/queue', 'login'])(
    'makes no link of %s',
    url => {
      expect(safe(url)).toBe('');
    }
  );

  it('draws no picture and no link with a harmful address', () => {
    const html = drawn('[press](javascript:alert(1)) ![seen](https://evil.example/pixel.png) <javascript:alert(1)>');
    expect(html).not.toMatch(/<(a|img)\b/);
    expect(html).toContain('[picture: seen]');
  });

  it('opens a link outside of the desk', () => {
    expect(drawn('[docs](https://docs.example/a)')).toContain('target="_blank" rel="noopener noreferrer nofollow"');
  });
});

describe('addresses of places', () => {
  it('are read as they are written', () => {
    const to = address('queue', ['a b/c'], { state: 'waiting', case: '' });
    expect(to).toBe('#/queue/a%20b%2Fc?state=waiting');
    const { name, args, query } = parse(to);
    expect([name, args, query.get('state')]).toEqual(['queue', ['a b/c'], 'waiting']);
  });

  it.each(['', '#', '#/', '#/?x=1'])('%s is the queue', hash => {
    expect(parse(hash)).toMatchObject({ name: 'queue', args: [] });
  });

  it('survive what is not encoded', () => {
    expect(parse('#/queue/%E0%A4').args).toEqual(['%E0%A4']);
  });
});

describe('places', () => {
  const cells = [cell('a', ''), cell('b', '')];

  it('are named by the number of the cell', () => {
    expect(placeName({ cell: 'b', line: 3, end_line: 5 }, cells)).toBe('Cell 2, lines 3–5');
    expect(placeName({ cell: 'b', line: 3, end_line: 3 }, cells)).toBe('Cell 2, line 3');
    expect(placeName({ cell: 'a', line: null, end_line: null }, cells)).toBe('Cell 1');
    expect(placeName({ cell: 'z', line: 1, end_line: null }, cells)).toBe('A cell that is not here, line 1');
  });

  it('mark their lines, the first words win, and no range is endless', () => {
    const place = { cell: 'a', line: 2, end_line: 1_000_000 };
    const feedback = {
      findings: [{ place, message: 'first' }],
      warnings: [{ place: { cell: 'a', line: 2, end_line: null }, message: 'second', finding: 'f' }]
    } as unknown as Feedback;
    const { marked, commented } = marksOf('a', feedback, [{ place: { cell: 'a', line: 9, end_line: 9 }, text: '' }]);
    expect(marked[2]).toBe('first');
    expect(Object.keys(marked)).toHaveLength(40);
    expect(commented).toEqual([9]);
    expect(marksOf('b', feedback, []).marked).toEqual({});
  });
});

describe('a draft', () => {
  it('has one comment a line and sends none without words', () => {
    const comments = withComment(withComment([], 'a', 1), 'a', 1);
    expect(comments).toHaveLength(1);
    const draft = { text: ' hello ', comments, remember: true, only_version: false, also: [] };
    expect(sendable(draft)).toMatchObject({ text: 'hello', comments: [], remember: true });
  });
});

it('shows only the cells that changed, those that are gone at the end', () => {
  const found = changedCells([cell('a', '1'), cell('b', '2'), cell('x', 'old')], [cell('a', '1'), cell('b', '3'), cell('c', 'new')]);
  expect(found.map(({ id, number, was, is }) => [id, number, was, is])).toEqual([
    ['b', 2, '2', '3'],
    ['c', 3, '', 'new'],
    ['x', null, 'old', '']
  ]);
});

it('replaces only the stretch that differs', () => {
  for (const [before, after] of [['abcd', 'abXcd'], ['aaa', 'aa'], ['', 'x'], ['x', ''], ['same', 'same'], ['abab', 'ab']] as const) {
    const { from, to, insert } = change(before, after);
    expect(before.slice(0, from) + insert + before.slice(to)).toBe(after);
  }
  expect(change('abcd', 'abXcd')).toEqual({ from: 2, to: 2, insert: 'X' });
});

it('reads a unified difference without its file names', () => {
  expect(unifiedLines('--- yours\n+++ reference\n@@ -1 +1 @@\n-a\n+b\n c\n').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'place @@ -1 +1 @@',
    'removed a',
    'added b',
    'same c'
  ]);
});

it('reads the help so far, and nothing else than words', () => {
  const help = helpOf({
    hints: { hints: [{ kind: 'plan', text: 'Think', helpful: false, reflection: null }, { text: null }, 'odd'] },
    conversation: [{ role: 'learner', text: { not: 'text' } }]
  });
  expect(help.hints).toEqual([{ kind: 'plan', text: 'Think', reflection: '', helpful: false }]);
  expect(help.chat).toEqual([{ role: 'learner', text: '' }]);
  expect(helpOf({ hints: 7, conversation: null })).toEqual({ hints: [], chat: [] });
});

it('says times in the units that matter', () => {
  expect([0, 59, 60, 3_600, 7_500, 400_000].map(duration)).toEqual(['0 s', '59 s', '1 min', '1 h', '2 h 5 min', '4 days']);
  expect([0, 65_000, 3_729_000].map(clock)).toEqual(['0:00', '1:05', '1:02:09']);
});

describe('measures', () => {
  it('makes up no share of nothing, nor of what nobody counted', () => {
    expect(percent(withoutMentor({ judged: 0, escalated: 0 }))).toBe('–');
    expect(percent(withoutMentor({ judged: null, escalated: 3 }))).toBe('–');
    expect(percent(withoutMentor({ judged: 40, escalated: 3 }))).toBe('93 %');
    expect(withoutMentor({ judged: 2, escalated: 3 })).toBe(0);
  });

  it('tells the day on which a week begins in UTC, whatever the time here', () => {
    expect(day('2026-11-23T00:00:00Z')).toBe('23 Nov');
  });
});

describe('what a mentor may send', () => {
  const item = (part: Partial<QueueItem>): QueueItem => ({
    id: '1', case: 'c', case_title: 'C', subtask: 's', subtask_title: 'S', learner: 'ada', state: 'waiting',
    reason: 'unhelpful_answer', opened: '2026-11-26T10:00:00Z', waited_seconds: 0, mentor: null, leased_until: null,
    signature: 'x', same: 0, headline: '', reopened: 0, about_memory: null, ...part
  });

  it.each<[Partial<QueueItem>, 'answer' | 'note' | null, string]>([
    [{}, null, 'Take it'],
    [{ state: 'leased', mentor: 'mona' }, 'answer', ''],
    [{ state: 'leased', mentor: 'otto' }, null, 'otto is on it.'],
    [{ state: 'answered', mentor: 'mona' }, 'note', 'A note reaches the learner'],
    [{ state: 'rated', mentor: 'mona' }, 'note', 'A note reaches the learner'],
    [{ state: 'answered', mentor: 'otto' }, null, 'otto has answered it'],
    [{ state: 'cancelled' }, null, 'withdrawn'],
    [{ state: 'leased', mentor: 'mona', about_memory: '5' }, 'answer', ''],
    [{ state: 'answered', mentor: 'mona', about_memory: '5' }, null, 'remembered answers']
  ])('%o: %s', (part, send, why) => {
    const standing = standingOf(item(part), 'mona');
    expect(standing.send).toBe(send);
    expect(standing.why).toContain(why);
    expect(standing.why === '').toBe(send === 'answer');
    expect(standing.review).toBe(part.about_memory !== undefined);
  });

  it('tells an answer that came back from a question', () => {
    expect([reasonOf(item({})), askerOf(item({}))]).toEqual(['An answer did not help', 'ada']);
    const back = item({ about_memory: '5' });
    expect([reasonOf(back), askerOf(back)]).toEqual(['A remembered answer came back', 'nobody’s question']);
  });

  it('leaves out of what takes its place all that is about one learner', () => {
    const comments = [{ place: { cell: 'a', line: 1, end_line: 1 }, text: 'here' }];
    const draft = { text: ' So. ', comments, remember: true, only_version: true, also: ['2'] };
    expect(inItsPlace(draft)).toEqual({ text: 'So.', comments: [], remember: false, only_version: false, also: [] });
  });
});

describe('the order of the queue', () => {
  it.each([
    [undefined, false, 'most urgent first'],
    ['waiting', true, 'most urgent first'],
    ['leased', false, 'most urgent first'],
    [undefined, true, 'newest first'],
    ['answered', false, 'newest first'],
    ['cancelled', true, 'newest first']
  ])('of %s, mine %s: %s', (state, mine, words) => {
    expect(orderOf(state, mine)).toBe(words);
  });
});
