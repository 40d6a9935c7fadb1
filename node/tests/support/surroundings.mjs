// What the tests stand on: the repository beside them, the installed package, and a real `ii serve`.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/** The root of the repository. */
export const root = need('II_ROOT');
/** The folder into which the packed packages were installed; these tests were copied into it. */
export const installed = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The package as it was installed. */
export const library = dirname(require.resolve('image-intelligence/package.json'));
/** The native module, which is not in the package's surface. */
export const native = require(join(library, 'loader.cjs'));
/** A module of the package that is not in its surface. */
export const inner = (name) => import(pathToFileURL(join(library, 'esm', `${name}.js`)));

export function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run by cargo xtask test, or by node scripts/test.mjs`);
  return value;
}

/** Starts `ii serve`; gives the variables for a client, and `stop`. */
export async function serve(...options) {
  const bin = need('II_BIN');
  if (!existsSync(bin)) throw new Error(`II_BIN: there is no ${bin}`);
  const server = spawn(bin, ['serve', '--port', '0', '--json', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: server.stdout }).once('line', resolve)),
    ended.then((code) => Promise.reject(new Error(`ii serve ended with ${code}`))),
  ]);
  const { baseUrl } = JSON.parse(line);
  return {
    baseUrl,
    env: { ...process.env, II_BASE_URL: baseUrl, II_CLIENT_ID: 'local', II_CLIENT_SECRET: 'local' },
    async stop() {
      server.kill();
      await ended;
    },
  };
}

/** Runs a program with Node, here; gives its exit code, stdout and stderr. */
export async function run(args, { env = process.env, cwd = installed, deadline = 60_000 } = {}) {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (told[name] += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
  const [code, signal] = await new Promise((resolve) => child.once('close', (...how) => resolve(how)));
  clearTimeout(timer);
  return { ...told, code: code ?? signal };
}

/** Waits until it holds, and fails where that takes too long. */
export async function until(holds, what, deadline = 10_000) {
  const end = performance.now() + deadline;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${deadline} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
