// ruff's WebAssembly (11 MB) -> lib/diagnostics/ruff.wasm.gz (3.8 MB): jupyter_server does not compress static files.
import { createReadStream, createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';

const source = createRequire(import.meta.url)
  .resolve('@astral-sh/ruff-wasm-web')
  .replace(/ruff_wasm\.js$/, 'ruff_wasm_bg.wasm');
const target = fileURLToPath(new URL('../lib/diagnostics/ruff.wasm.gz', import.meta.url));

if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs) {
  mkdirSync(dirname(target), { recursive: true });
  await pipeline(createReadStream(source), createGzip({ level: 9 }), createWriteStream(target));
}
