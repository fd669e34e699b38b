// Runs the checker of live diagnostics in Node, as the browser's worker does: one JSON request a line, one answer a line.
// {"check": [{"id", "source"}], "version"} -> {"problems"}; {"times": [[cells], …], "version"} -> {"ms": [one an entry]}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { mkdtempSync, rmSync } from 'node:fs';
import { initSync, PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-web';
import { rolldown } from 'rolldown';

const here = dirname(new URL(import.meta.url).pathname);
const folder = mkdtempSync(join(tmpdir(), 'caseloop-checker-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const bundle = await rolldown({ input: join(here, '..', 'src', 'diagnostics', 'checker.ts'), logLevel: 'silent' });
await bundle.write({ dir: folder, entryFileNames: 'checker.mjs' });
const { CERTAIN_RULES, Checker, defersAnnotations, IPYTHON_NAMES } = await import(pathToFileURL(join(folder, 'checker.mjs')));

const ruff = dirname(createRequire(import.meta.url).resolve('@astral-sh/ruff-wasm-web'));
initSync({ module: readFileSync(join(ruff, 'ruff_wasm_bg.wasm')) });

function checker(version) {
  const rules = { 'target-version': version, builtins: IPYTHON_NAMES, lint: { select: CERTAIN_RULES } };
  const workspace = new Workspace(rules, PositionEncoding.Utf16);
  return new Checker(text => workspace.check(text), defersAnnotations(version));
}

const checkers = new Map();
const of = version => checkers.get(version) ?? checkers.set(version, checker(version)).get(version);

for await (const line of createInterface({ input: process.stdin })) {
  const { check, times, version } = JSON.parse(line);
  const one = of(version);
  if (check) {
    process.stdout.write(`${JSON.stringify({ problems: one.run(check) })}\n`);
  } else {
    const ms = times.map(cells => {
      const start = process.cpuUsage();
      one.run(cells);
      const used = process.cpuUsage(start);
      return (used.user + used.system) / 1000;
    });
    process.stdout.write(`${JSON.stringify({ ms })}\n`);
  }
}
process.exit(0);
