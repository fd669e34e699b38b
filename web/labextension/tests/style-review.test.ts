import { describe, expect, it } from 'vitest';
import type { Dismissal, LabReviewed, LintFinding, TextEdit } from '../src/api/style-types';
import { applied, changesOf } from '../src/review/edits';
import { blocking, openFindings, outlook } from '../src/review/standing';
import { outlookWords, reviewAnnouncement, ruleWords } from '../src/review/words';

const edit = (line: number, column: number, end_line: number, end_column: number, text = ''): TextEdit => ({
  cell: 'a',
  line,
  column,
  end_line,
  end_column,
  text
});
const after = (source: string, ...edits: TextEdit[]): string | undefined => {
  const changes = changesOf(source, edits);
  return changes && applied(source, changes);
};

describe('the edits of a fix', () => {
  it('replace, insert and delete, several at once', () => {
    expect(after('x == None', edit(1, 3, 1, 5, 'is'))).toBe('x is None');
    expect(after('import os\nimport re\nx', edit(1, 1, 2, 1))).toBe('import re\nx');
    expect(after('a\nb', edit(2, 2, 2, 2, '!'))).toBe('a\nb!');
    expect(after('l + l', edit(1, 1, 1, 2, 'length'), edit(1, 5, 1, 6, 'length'))).toBe('length + length');
  });

  it('count characters, as the tools do, and not UTF-16 units', () => {
    expect(after('s = "😀"; l = 1', edit(1, 10, 1, 11, 'length'))).toBe('s = "😀"; length = 1');
  });

  it('may delete the last line of a cell', () => {
    expect(after('x\nimport os', edit(2, 1, 3, 1))).toBe('x\n');
  });

  it.each([
    ['a line that is not there', [edit(5, 1, 5, 2)]],
    ['a column beyond its line', [edit(1, 9, 1, 10)]],
    ['an end before its start', [edit(1, 2, 1, 1)]],
    ['edits one over the other', [edit(1, 1, 1, 3), edit(1, 2, 1, 3)]]
  ])('are for another text: %s', (_, edits) => expect(after('ab\nc', ...edits)).toBeUndefined());
});

function finding(id: string, severity: LintFinding['severity']): LintFinding {
  return {
    id,
    tool: 'ruff',
    rule: 'F401',
    name: 'unused-import',
    severity,
    category: 'dead_code',
    place: { cell: 'a', line: 1, end_line: 1 },
    column: 1,
    end_column: null,
    message: id,
    why: '',
    url: null,
    also: [],
    fix: null
  };
}

function reviewed(findings: LintFinding[], changes: Partial<LabReviewed> = {}): LabReviewed {
  return {
    report: { findings, tools: [{ tool: 'ruff', status: 'ok', wall_ms: 1, detail: '' }], dropped: 0, first: 7 },
    progress: { subtask: 's', state: 'approved', attempts: 1, points: 1, checks_left: null, updated: null },
    dismissed: [],
    fixed: [],
    approved_code: true,
    may_remain: 'advice',
    ...changes
  };
}

const left = (id: string): Dismissal => ({ ...finding(id, 'warning'), finding: id, subtask: 's', reason: 'r', dismissed: '' });

describe('what stands between a step and «polished»', () => {
  const findings = [finding('e', 'error'), finding('w', 'warning'), finding('a', 'advice')];
  const ids = (found: LintFinding[]): string => found.map(one => one.id).join('');

  it('is what the case does not allow and the learner has not dismissed', () => {
    expect(ids(blocking(reviewed(findings)))).toBe('ew');
    expect(ids(blocking(reviewed(findings, { may_remain: 'none' })))).toBe('ewa');
    expect(ids(blocking(reviewed(findings, { may_remain: 'warning' })))).toBe('e');
    expect(ids(blocking(reviewed(findings, { dismissed: [left('e')] })))).toBe('w');
    expect(ids(openFindings(reviewed(findings, { dismissed: [left('w')] })))).toBe('ea');
  });

  it('is told in this order: remarks, missing tools, code that was not checked', () => {
    const slow = { ...reviewed([]).report, tools: [{ tool: 'mypy', status: 'timed_out' as const, wall_ms: 1, detail: '' }] };
    const polished = { ...reviewed([]).progress, state: 'polished' as const };
    expect(outlook(reviewed(findings, { approved_code: false }))).toBe('open');
    expect(outlook(reviewed([], { report: slow, approved_code: false, progress: polished }))).toBe('incomplete');
    expect(outlook(reviewed([], { approved_code: false, progress: polished }))).toBe('unchecked');
    expect(outlook(reviewed([findings[2]], { progress: polished }))).toBe('polished');
    expect(outlookWords(reviewed([], { report: slow }))).toContain('mypy did not finish');
    expect(outlookWords(reviewed([findings[0]]))).toContain('1 remark stands between');
    expect(outlookWords(reviewed([findings[0]], { progress: polished }))).toContain('stays polished');
  });

  it('is said to who listens, with what was mended first', () => {
    expect(reviewAnnouncement(reviewed(findings, { fixed: [finding('x', 'advice')] }))).toBe(
      '1 remark mended. 2 remarks stand between this step and «polished». Mend each, or say why it should stay.'
    );
  });

  it('names a rule by tool, code and name, and a name that is the code only once', () => {
    expect(ruleWords(finding('x', 'error'))).toBe('ruff F401 · unused-import');
    expect(ruleWords({ tool: 'mypy', rule: 'attr-defined', name: 'attr-defined' })).toBe('mypy attr-defined');
  });
});
