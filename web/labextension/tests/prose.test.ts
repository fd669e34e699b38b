import { describe, expect, it } from 'vitest';
import { blocks } from '../src/parts/prose';

describe('blocks', () => {
  it('separates paragraphs and fenced code', () => {
    expect(blocks('One.\nStill one.\n\nTwo.\n```python\nx = 1\n\ny = 2\n```\nThree.')).toEqual([
      { code: false, text: 'One.\nStill one.' },
      { code: false, text: 'Two.' },
      { code: true, text: 'x = 1\n\ny = 2' },
      { code: false, text: 'Three.' }
    ]);
  });

  it('shows code that is still being written as code', () => {
    expect(blocks('See:\n```\nx = 1')).toEqual([
      { code: false, text: 'See:' },
      { code: true, text: 'x = 1' }
    ]);
  });

  it('leaves everything else as text', () => {
    const text = '<b>bold</b> `a < b` [link](javascript:alert(1)) ``` in a line';
    expect(blocks(text)).toEqual([{ code: false, text }]);
    expect(blocks('  \n\n ')).toEqual([]);
  });
});
