// Builds once, then again whenever a file in src/ or style/ changes; a reload of the browser page shows it.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const resolve = createRequire(import.meta.url).resolve;
const bundler = resolve('@jupyter/builder/package.json').replace('package.json', 'lib/build-labextension.js');
const core = resolve('@jupyterlab/core-meta/package.json').replace('package.json', 'core.package.json');

if (spawnSync('npm', ['run', 'build'], { stdio: 'inherit' }).status !== 0) {
  process.exit(1);
}
const started = [
  spawn('npx', ['tsc', '--watch', '--preserveWatchOutput', '--incremental', '--tsBuildInfoFile', 'lib/.tsbuildinfo'], { stdio: 'inherit' }),
  spawn(process.execPath, [bundler, '--development', '--watch', '--core-package-file', core, '.'], { stdio: 'inherit' })
];
for (const child of started) {
  child.on('exit', () => started.forEach(other => other.kill()));
}
