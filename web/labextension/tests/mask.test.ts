import { describe, expect, it } from 'vitest';
import { mask } from '../src/diagnostics/mask';
import { join } from '../src/diagnostics/module';

const text = (source: string): string => mask(source).text;

describe('mask', () => {
  it.each([
    ['%matplotlib inline\nx = 1', 'pass\nx = 1'],
    ['!pip list', 'pass'],
    ['len?', 'pass'],
    ['frame.head??', 'pass'],
    ['?len', 'pass'],
    ['files = !ls', 'files = None'],
    ['a, b = %magic -o', 'a, b = None'],
    ['if x:\n    %time y = 1', 'if x:\n    pass; y = 1'],
    ['%time for a in b: c = a', 'pass'],
    ['pip install pandas', ''],
    ['who', ''],
    [',print a b\nx', 'pass\nx'],
    ['np.*load*?', 'pass'],
    ['%%capture --no-stderr out\nprint(1)', 'out = None\nprint(1)'],
    ['>>> x = 1\n>>> x', '\n'],
    ['%cd \\\n  /tmp\nq', 'pass\n\nq'],
    ['%%time\nq = 1', 'pass\nq = 1'],
    ['%%capture out\nprint(1)', 'out = None\nprint(1)'],
    ['%%bash\nls $HOME', '\n'],
    ['\n%%html\n<b>', '\n\n']
  ])('%j becomes %j', (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  it.each([
    'b = (a\n % 2)',
    'x = """\n%not magic\n!nor this\n"""',
    "x = '''a\\'''\n!still inside\n'''",
    'd = {\n  "a": 1,\n!= 2}',
    'x = a \\\n  / b',
    'x = a != b',
    'print(f"{a}"\n  % ())',
    "s = '#('\nx = 1",
    '# (\nx = 1'
  ])('%j is Python and stays', source => {
    expect(text(source)).toBe(source);
  });

  it('goes on after a string that was never closed on its line', () => {
    expect(text("x = 'open\n%magic")).toBe("x = 'open\npass");
  });

  it('takes the common indentation away, as IPython does, and says how much', () => {
    expect(mask('  x = 1\n\n  y = 2')).toEqual({ text: 'x = 1\n\ny = 2', shift: 2, open: false });
    expect(mask('  x = 1\ny = 2')).toEqual({ text: '  x = 1\ny = 2', shift: 0, open: false });
  });

  it.each(['%run a.py', '%%sql result <<\nselect 1', '%sql x << select 1', '%%bash --out text\nls', '%R -o y y', '%time -q x = 1', 'run a.py', '>>> x = 1'])(
    'after %j any name may exist',
    source => expect(mask(source).open).toBe(true)
  );

  it.each(['%matplotlib inline', '%%bash\nls', '%time x = f(1)', '!ls', 'x = %pwd', 'pip list', 'cat = 1', '%%time\nx = 1'])(
    '%j binds no other name',
    source => expect(mask(source).open).toBe(false)
  );

  it('keeps as many lines as there were', () => {
    for (const source of ['', '\n\n', '%%bash\na\nb\n', '!a \\\nb \\\nc\nd']) {
      expect(text(source).split('\n').length).toBe(source.split('\n').length);
    }
  });
});

describe('join', () => {
  it('says for every line which cell and line it is', () => {
    const cells = [
      { id: 'a', source: 'x\ny' },
      { id: 'b', source: '' },
      { id: 'c', source: 'z\n' }
    ];
    const { text: whole, rows, place } = join(cells);
    expect(whole).toBe('x\ny\n\nz\n\n');
    expect(rows).toBe(5);
    const places = [1, 2, 3, 4, 5].map(row => `${place(row).cell}${place(row).line}`);
    expect(places).toEqual(['a1', 'a2', 'b1', 'c1', 'c2']);
  });
});
