// Every figure of the Node package beside its goal, one line each; exit code 1 where one is missed.
//   II_BENCH_SERVER=.. node bench/run.mjs

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { platformName, root } from '../scripts/platform.mjs';

const installed = join(root, 'packed/installed');
let missed = false;

/** `good` says which side of the goal is the good one. */
function figure(what, value, unit, good, goal, more = '') {
  const met = good === 'most' ? value <= goal : value >= goal;
  missed ||= !met;
  const limit = good === 'most' ? 'at most' : 'at least';
  console.log(`${what}: ${value.toFixed(2)}${unit} (goal: ${limit} ${goal}${unit})${met ? '' : ' MISSED'}${more}`);
}

// One core for the client, another for the server.
const pins = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;
const pinned = (core, ...command) => (pins ? ['taskset', '-c', String(core), ...command] : command);

function run(script, ...args) {
  const [command, ...rest] = pinned(0, process.execPath, join(root, 'bench', script), ...args);
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}

const [small, large] = run('webhooks.mjs');
for (const [name, { bytes, times }] of [
  ['small', small],
  ['large', large],
]) {
  const [ours, theirs] = times;
  const more = `; ${ours.toFixed(1)} against ${theirs.toFixed(1)} µs, ${bytes} bytes`;
  figure(`webhook, ${name}, against node:crypto + JSON.parse + zod`, theirs / ours, ' times', 'least', 0.9, more);
}

if (process.env.II_BENCH_SERVER) {
  const [command, ...rest] = pinned(1, process.env.II_BENCH_SERVER);
  const server = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.stdout.once('data', (chunk) => resolve(`${chunk}`.split('\n')));
  });
  const rates = run('reads.mjs', `http://127.0.0.1:${port}`);
  server.stdin.end();
  const more = (name) => `; ${rates.ours.toFixed(0)} against ${rates[name].toFixed(0)} reads/s`;
  figure('64 reads at once, against fetch + zod', rates.ours / rates.fetch, ' times', 'least', 3, more('fetch'));
  figure(
    "64 reads at once, against undici's Pool + zod",
    rates.ours / rates.pool,
    ' times',
    'least',
    0.8,
    more('pool'),
  );
} else {
  console.log('64 reads at once: left out, as II_BENCH_SERVER is not set');
}

for (const [how, code] of [
  ['require', "require('image-intelligence')"],
  ['import', "await import('image-intelligence')"],
]) {
  const timed = `const began = performance.now(); ${code}; console.log(performance.now() - began)`;
  const args = ['--input-type', how === 'import' ? 'module' : 'commonjs', '-e', timed];
  const once = () => Number(execFileSync(process.execPath, args, { cwd: installed, encoding: 'utf8' }));
  const times = Array.from({ length: 15 }, once).sort((a, b) => a - b);
  // The fastest: the others measure what else the machine did.
  const what = `${how}, the fastest of ${times.length}`;
  if (how === 'require') figure(what, times[0], ' ms', 'most', 15);
  // Most of this is Node's own loader of modules, which `require` does without: no goal is set for it.
  else console.log(`${what}: ${times[0].toFixed(2)} ms`);
}

const name = platformName();
const native = join(installed, 'node_modules/@image-intelligence', name, `image-intelligence.${name}.node`);
figure('the native module', statSync(native).size / 1e6, ' MB', 'most', 6);
process.exitCode = missed ? 1 : 0;
