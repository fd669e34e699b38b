/// <reference lib="webworker" />
import init, { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-web';
import { CERTAIN_RULES, Checker, defersAnnotations, IPYTHON_NAMES, type RawDiagnostic } from './checker';
import type { CellSource } from './module';

const ready = (async () => {
  const packed = await fetch(new URL('./ruff.wasm.gz', import.meta.url));
  if (!packed.ok || !packed.body) {
    throw new Error(`the checker could not be loaded (${packed.status})`);
  }
  const bytes = packed.body.pipeThrough(new DecompressionStream('gzip'));
  await init({ module_or_path: new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } }) });
})();

const checkers = new Map<string, Checker>();

function checker(version: string): Checker {
  let known = checkers.get(version);
  if (!known) {
    const rules = { 'target-version': version, builtins: IPYTHON_NAMES, lint: { select: CERTAIN_RULES } };
    const workspace = new Workspace(rules, PositionEncoding.Utf16);
    known = new Checker(text => workspace.check(text) as RawDiagnostic[], defersAnnotations(version));
    checkers.set(version, known);
  }
  return known;
}

addEventListener('message', async (event: MessageEvent<{ run: number; version: string; cells: CellSource[] }>) => {
  const { run, version, cells } = event.data;
  try {
    await ready;
    postMessage({ run, problems: checker(version).run(cells) });
  } catch (reason) {
    postMessage({ run, failed: String(reason) });
  }
});
