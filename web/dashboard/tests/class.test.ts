import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { ClassRow, ClassSubtask } from '../src/api/desk-types';
import { ClassTable } from '../src/class/class-table';
import { stepLines, stepOf, titleIn } from '../src/class/standing';

function standing(subtask: string, updated: string, state: ClassSubtask['state'] = 'approved'): ClassSubtask {
  return { subtask, state, attempts: 1, points: 2, updated };
}

const STANDINGS = [standing('clean', '2026-11-20T12:00:00Z', 'in_progress'), standing('plot', '2026-11-20T13:00:00Z')];
const TITLES = { load: 'Load the file', clean: 'Clean it' };

function row(changes: Partial<ClassRow> = {}): ClassRow {
  return {
    user: 'ada',
    current: 'clean',
    subtasks: STANDINGS,
    approved: 1,
    attempts: 2,
    last_seen: '2026-11-20T13:00:00Z',
    watch: [],
    ...changes
  };
}

describe('titleIn', () => {
  it('tells a step that is gone by its id, whatever it is called', () => {
    expect(titleIn(TITLES, 'load')).toBe('Load the file');
    expect(titleIn(TITLES, 'plot')).toBe('plot');
    expect(titleIn(TITLES, 'constructor')).toBe('constructor');
  });
});

describe('stepLines', () => {
  it('has the steps in the order of the case, those that are gone last', () => {
    expect(stepLines(STANDINGS, TITLES).map(({ step, title, standing: at }) => [step, title, at?.state ?? null])).toEqual([
      ['load', 'Load the file', null],
      ['clean', 'Clean it', 'in_progress'],
      ['plot', 'plot', 'approved']
    ]);
  });
});

describe('stepOf', () => {
  it('is the open step, else the one that was checked last, else none', () => {
    expect(stepOf(row())).toBe('clean');
    expect(stepOf(row({ current: null }))).toBe('plot');
    expect(stepOf(row({ current: null, subtasks: [] }))).toBe('');
  });
});

describe('ClassTable', () => {
  it('leads from a name and from each step to the work, also of people with odd names', () => {
    const html = renderToStaticMarkup(
      createElement(ClassTable, { name: 'sales', titles: TITLES, rows: [row({ user: 'a/b <i>&?' })] })
    );
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    const learner = '#/learner/sales/a%2Fb%20%3Ci%3E%26%3F';
    expect(links).toEqual([`${learner}?step=clean`, `${learner}?step=clean`, `${learner}?step=plot`]);
    expect(html).toContain('aria-label="Load the file: not started"');
    expect(html).toContain('Clean it: in progress, 1 attempt');
    expect(html).not.toContain('<i>');
  });
});
