import { describe, expect, it } from 'vitest';
import type { WordsPart } from '../src/api/assisted-types';
import type { Feedback } from '../src/api/types';
import { reading } from '../src/words/reading';

const place = { cell: 'total', line: 3, end_line: null };
const finding = (id: string, message: string) => ({
  id,
  kind: 'value' as const,
  severity: 'error' as const,
  subtask: 'total',
  message,
  place,
  evidence: [],
  ladder: [],
  signature: id,
  confidence: 1,
  mentor: null
});

const byRules: Feedback = {
  verdict: 'needs_work',
  fault: 'learner',
  headline: 'Not yet.',
  warnings: [{ place, message: 'by rules', finding: 'f1' }],
  remarks: ['by rules one', 'by rules two'],
  findings: [finding('f1', 'one'), finding('f2', 'two')],
  checks: [],
  points: 0,
  max_points: 1,
  repairs: [],
  words_by: 'rules',
  wall_ms: 1
};

const part = (text: string, about: string | null = null): WordsPart => ({ kind: 'words', text, finding: about });

describe('reading', () => {
  it('leaves the words of rules as they are while nothing has come', () => {
    const { headline, worded, remarks } = reading(byRules);
    expect(headline).toBe('Not yet.');
    expect(worded.size).toBe(0);
    expect(remarks).toEqual(['by rules one', 'by rules two']);
  });

  it('puts sentences in place of those they replace, one after the other', () => {
    const first = reading(byRules, [part('It forgets. ', 'f1')]);
    expect(first.worded.get('f1')).toEqual([{ place, message: 'It forgets.', finding: 'f1' }]);
    expect(first.worded.has('f2')).toBe(false);
    const more = reading(byRules, [part('It forgets.', 'f1'), part('A remark.'), part(' Each time.', 'f1')]);
    expect(more.worded.get('f1')?.[0].message).toBe('It forgets. Each time.');
    expect(more.remarks).toEqual(['A remark.', 'by rules two']);
  });

  it('shows the warnings of feedback that a model has worded as its findings', () => {
    const worded: Feedback = {
      ...byRules,
      headline: 'Nearly.',
      words_by: 'model',
      warnings: [
        { place, message: 'model, here', finding: 'f1' },
        { place: { ...place, line: 9 }, message: 'model, there', finding: 'f1' }
      ],
      remarks: ['model remark']
    };
    const { headline, worded: found, remarks } = reading(worded);
    expect(headline).toBe('Nearly.');
    expect(found.get('f1')?.map(({ message }) => message)).toEqual(['model, here', 'model, there']);
    expect(found.has('f2')).toBe(false);
    expect(remarks).toEqual(['model remark']);
  });

  it('does not say a finding again as a remark', () => {
    expect(reading({ ...byRules, remarks: ['two', 'by rules two'] }).remarks).toEqual(['by rules two']);
  });

  it('ignores empty sentences and findings that are not there', () => {
    const { worded } = reading(byRules, [part('  ', 'f1'), part('About nothing known.', 'f9')]);
    expect(worded.has('f1')).toBe(false);
    expect(worded.get('f9')?.[0].place).toEqual({ cell: '', line: null, end_line: null });
  });
});
