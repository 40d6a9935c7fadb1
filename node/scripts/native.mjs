// Builds the native module for this machine, stripped, into its platform's package, and prints its size.
//   node scripts/native.mjs [--profile dev | --library PATH]

import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { platformPackage, root } from './platform.mjs';

// Of SQLite an inbox needs its tables and transactions alone: what is left out everywhere, and more.
const LEFT_OUT = /^LIBSQLITE3_FLAGS = "(.+)"$/m.exec(
  readFileSync(join(root, '..', '.cargo', 'config.toml'), 'utf8'),
)[1];
const SQLITE = [
  ...[LEFT_OUT, '-DSQLITE_UNTESTABLE'],
  ...['LOAD_EXTENSION', 'DEPRECATED', 'SHARED_CACHE', 'AUTHORIZATION', 'TRACE', 'INCRBLOB', 'UTF16'].map(omit),
  ...['COMPLETE', 'GET_TABLE', 'PROGRESS_CALLBACK'].map(omit),
].join(' ');
// No panic goes through C: it needs no tables for that.
const C = process.platform === 'win32' ? {} : { CFLAGS: '-fno-asynchronous-unwind-tables -fno-unwind-tables' };
// SQLite and what speaks to it wait for the disk, the receiver for the network; the rest is little and seldom run.
const SMALLER = [
  'rusqlite.opt-level="z"',
  'url.opt-level="z"',
  'idna.opt-level="z"',
  'tracing-core.opt-level="z"',
  'image-intelligence-webhooks.opt-level="z"',
].flatMap((setting) => ['--config', `profile.release.package.${setting}`]);

const { values } = parseArgs({
  options: { profile: { type: 'string', default: 'release' }, library: { type: 'string' } },
});
const library = values.library ?? build();

const folder = platformPackage();
const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const target = join(folder, main);
copyFileSync(library, target);
console.log(`${target}: ${(statSync(target).size / 1e6).toFixed(2)} MB (goal: 6)`);

function omit(part) {
  return `-DSQLITE_OMIT_${part}`;
}

function build() {
  // One unit over everything at the last step only: a quarter smaller, and the crates below stay as they are for others.
  const dev = values.profile === 'dev';
  const smallest = dev ? [] : ['-C', 'lto=fat', '-C', 'codegen-units=1'];
  const cargo = spawnSync(
    'cargo',
    [
      ...['rustc', '--package', 'image-intelligence-node', '--profile', values.profile],
      ...['--message-format', 'json-render-diagnostics', ...(dev ? [] : SMALLER)],
      ...['--', '-C', 'strip=symbols', ...smallest],
    ],
    {
      cwd: join(root, '..'),
      env: dev ? process.env : { ...process.env, LIBSQLITE3_FLAGS: SQLITE, ...C },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  if (cargo.status !== 0) process.exit(cargo.status ?? 1);

  const artifacts = cargo.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'image_intelligence_node');
  const built = artifacts.at(-1)?.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
  if (!built) throw new Error('cargo names no library');
  return built;
}
