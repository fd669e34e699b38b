import { describe, expect, it } from 'vitest';
import { slim, within } from '../src/mentors/outputs';

describe('an output on its way to a mentor', () => {
  it('keeps text, and of a stream which one it is', () => {
    expect(slim({ output_type: 'stream', name: 'stderr', text: ['a\n', 'b'] })).toEqual({
      output_type: 'stream',
      name: 'stderr',
      text: 'a\nb'
    });
  });

  it('keeps a traceback as one text', () => {
    const raised = { output_type: 'error', ename: 'KeyError', evalue: 'x'.repeat(5_000), traceback: ['one', 'two'] };
    expect(slim(raised)).toMatchObject({ ename: 'KeyError', traceback: ['one\ntwo'] });
    expect((slim(raised).evalue as string).length).toBe(1_000);
  });

  it('keeps pictures, and of all else that it is there', () => {
    const data = { 'image/png': ['AA', 'BB'], 'text/plain': 'words', 'text/html': '<b>x</b>', 'x/y': { deep: [1] } };
    const kept = slim({ output_type: 'display_data', data, metadata: { secret: 1 } });
    expect(kept).toEqual({
      output_type: 'display_data',
      data: { 'image/png': 'AABB', 'text/plain': 'words', 'text/html': '', 'x/y': '' }
    });
  });

  it('keeps both ends of a flood, and names a picture that is too large', () => {
    const { text } = slim({ output_type: 'stream', name: 'stdout', text: `first${'x'.repeat(1_000_000)}last` }) as { text: string };
    expect(text.startsWith('first') && text.endsWith('last')).toBe(true);
    expect(text.length).toBeLessThan(210_000);
    expect(slim({ output_type: 'display_data', data: { 'image/png': 'A'.repeat(900_000) } }).data).toEqual({ 'image/png': '' });
  });

  it('survives what no notebook should hold', () => {
    expect(slim({})).toEqual({ output_type: null, data: {} });
    expect(slim({ output_type: 'display_data', data: [1] })).toEqual({ output_type: 'display_data', data: {} });
    expect(slim({ output_type: 'stream', text: { a: 1 } })).toEqual({ output_type: 'stream', name: null, text: '' });
    expect(slim({ output_type: 'error', traceback: [1, null, 'x'] })).toMatchObject({ traceback: ['x'] });
  });

  it('leaves out cells for which there is no room, and keeps smaller ones after them', () => {
    const cell = (name: string, size: number) => ({
      cell: name,
      source: '',
      stale: false,
      outputs: [{ output_type: 'stream', text: 'x'.repeat(size) }]
    });
    const kept = within([cell('a', 4_000_000), cell('b', 3_000_000), cell('c', 1_000)]);
    expect(kept.map(one => one.cell)).toEqual(['a', 'c']);
  });
});
