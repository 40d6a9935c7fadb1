// Runs the tests beside the installed package, where a user's program would stand.
//   II_BIN=../target/debug/ii node scripts/test.mjs [NAME..]

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './platform.mjs';

const installed = join(root, 'packed', 'installed');
const tests = join(installed, 'tests');
rmSync(tests, { recursive: true, force: true });
cpSync(join(root, 'tests'), tests, { recursive: true });

const names = process.argv.slice(2);
const files = readdirSync(tests)
  .filter((file) => file.endsWith('.test.mjs'))
  .filter((file) => names.length === 0 || names.some((name) => file.startsWith(name)))
  .map((file) => join('tests', file));
const env = { II_BIN: join(root, '..', 'target', 'debug', 'ii'), II_ROOT: join(root, '..'), ...process.env };
for (const name of ['II_BIN', 'II_ROOT']) env[name] = resolve(env[name]);
// --expose-gc: the tests that watch the memory collect the garbage first.
const { status } = spawnSync(process.execPath, ['--expose-gc', '--test', '--test-timeout=120000', ...files], {
  cwd: installed,
  env,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
