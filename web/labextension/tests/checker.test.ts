import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { initSync, PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { CERTAIN_RULES, Checker, defersAnnotations, IPYTHON_NAMES, type RawDiagnostic } from '../src/diagnostics/checker';

const folder = dirname(createRequire(import.meta.url).resolve('@astral-sh/ruff-wasm-web'));

function checker(version = 'py311'): Checker {
  const rules = { 'target-version': version, builtins: IPYTHON_NAMES, lint: { select: CERTAIN_RULES } };
  const workspace = new Workspace(rules, PositionEncoding.Utf16);
  return new Checker(text => workspace.check(text) as RawDiagnostic[], defersAnnotations(version));
}

function found(sources: string[], version?: string): string[] {
  const cells = sources.map((source, index) => ({ id: `c${index}`, source }));
  return checker(version)
    .run(cells)
    .map(({ cell, from, code }) => `${cell}:${from.line}:${from.column} ${code}`);
}

/** With ruff's own WebAssembly: what a learner sees. */
describe('Checker', () => {
  beforeAll(() => void initSync({ module: readFileSync(join(folder, 'ruff_wasm_bg.wasm')) }));

  it('is silent about sound notebooks', () => {
    expect(found(['import numpy as np', 'x = np.zeros(3)\nx', 'get_ipython()\ndisplay(_)\nIn[0]'])).toEqual([]);
  });

  it('knows names across cells, whatever the order they are run in', () => {
    expect(found(['print(later)', 'later = 1'])).toEqual([]);
    expect(found(['x = 1', 'print(x, y)'])).toEqual(['c1:1:10 F821']);
  });

  it('shows the first syntax error of a cell and does not let it poison the others', () => {
    expect(found(['def f(:\n  pass', 'g()', 'f()'])).toEqual(['c0:1:7 invalid-syntax', 'c1:1:1 F821']);
    expect(found(['print((1)', 'x = 2', 'print(x)']).map(line => line.slice(0, 2))).toEqual(['c0']);
  });

  it('allows what IPython allows, and no more', () => {
    expect(found(['await thing()\nasync with thing() as x: pass', 'thing = 1'])).toEqual([]);
    expect(found(['return 3', 'yield 1', 'break'])).toHaveLength(3);
  });

  it('says nothing about names where magics or exec may bind any', () => {
    expect(found(['%run other.py', 'print(anything)'])).toEqual([]);
    expect(found(['exec("a = 1")', 'print(a)'])).toEqual([]);
    expect(found(['%matplotlib inline', 'print(anything)'])).toHaveLength(1);
  });

  it("follows the kernel's Python", () => {
    expect(found(['type X = int'], 'py311')).toHaveLength(1);
    expect(found(['type X = int'], 'py312')).toEqual([]);
  });

  it('counts columns as the editor does', () => {
    expect(found(['s = "😀"; undefined_x'])).toEqual(['c0:1:11 F821']);
    expect(found(['    print(nope)'])).toEqual(['c0:1:11 F821']);
  });

  it('knows what `%time` binds', () => {
    expect(found(['%time model = f()', 'model', 'def f(): pass'])).toEqual([]);
    expect(found(['x = 1\n%time print(nope)'])).toEqual(['c0:2:13 F821']);
  });

  // each of these runs
  it.each([
    ['a warning of Python’s own is no error', 'x = "a"\nx is "a"\nassert (x, "never fails")\nif (x,): pass'],
    ['annotations in quotes are not read', 'def f(a: "Frame") -> "int or None":\n    b: "Frame" = a\n    return b'],
    ['annotations of locals are not read', 'def f():\n    b: Frame = 1\n    return b\nf()'],
    ['annotations that are put off', 'from __future__ import annotations\ndef f(\n    a: Frame,\n) -> Frame:\n    return a\nx: Frame = 1'],
    ['names of another Python', 'import sys\nif sys.version_info < (3,):\n    text = unicode\nelse:\n    text = str'],
    ['what may be missing', 'try:\n    fast_json\nexcept NameError:\n    fast_json = None\ntry:\n    gone()\nexcept Exception:\n    pass'],
    ['what is for a type checker', 'TYPE_CHECKING = False\nif TYPE_CHECKING:\n    Frame'],
    ['what a loop has set before', 'last = 0\ndef f():\n    for i in range(3):\n        if i:\n            print(last)\n        last = i\nf()'],
    ['what nobody reaches', 'if False:\n    gone()\nx = gone if False else 1']
  ])('is silent: %s', (_, source) => expect(found([source])).toEqual([]));

  it('is not silent where the same would fail', () => {
    expect(found(['def f(a: Frame): pass'])).toEqual(['c0:1:10 F821']);
    expect(found(['def f(a: Frame): pass'], 'py314')).toEqual([]);
    expect(found(['def f():\n    return Frame'], 'py314')).toEqual(['c0:2:12 F821']);
    expect(found(['text = f"{nope}"'])).toHaveLength(1);
    expect(found(['if x > 1:\n    print(nope)', 'x = 1'])).toEqual(['c0:2:11 F821']);
    expect(found(['for i in nope:\n    pass'])).toEqual(['c0:1:10 F821']);
    expect(found(['try:\n    nope()\nexcept ValueError:\n    pass'])).toEqual(['c0:2:5 F821']);
    expect(found(['last = 0\ndef f():\n    print(last)\n    last = 1'])).toEqual(['c0:3:11 F823']);
  });

  it('has no opinion on style', () => {
    expect(found(['import os\nl=1;x = lambda : 0\nif l == None: pass'])).toEqual([]);
  });

  it('keeps quiet about cells that are not the learner’s', () => {
    const cells = [
      { id: 'answer', source: 'raise NotImplementedError()' },
      { id: 'check', source: 'assert total > 0', quiet: true }
    ];
    expect(checker().run(cells)).toEqual([]);
  });

  it('forgets a problem when the text is mended', () => {
    const one = checker();
    expect(one.run([{ id: 'a', source: 'x = (' }])).toHaveLength(1);
    expect(one.run([{ id: 'a', source: 'x = ()' }])).toEqual([]);
  });
});
