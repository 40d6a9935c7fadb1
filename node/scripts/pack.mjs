// Packs what would be published for this machine, and installs it into a folder of its own, without a network, as a user
// would have it. Prints the folder.
//   node scripts/pack.mjs [FOLDER]

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { platformPackage, root } from './platform.mjs';

const packed = join(root, 'packed');
const folder = resolve(process.argv[2] ?? join(packed, 'installed'));
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const write = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

rmSync(packed, { recursive: true, force: true });
const tarballs = [stage(), platformPackage()].map((from) => {
  const [told] = JSON.parse(npm(from, 'pack', '--silent', '--json', '--pack-destination', packed));
  return join(packed, told.filename);
});

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
write(join(folder, 'package.json'), { private: true });
npm(folder, 'install', '--silent', '--offline', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs);
console.log(folder);

/** The package as it is published: with a dependency on each platform's package, which is not there before. */
function stage() {
  const { devDependencies, scripts, ...about } = read(join(root, 'package.json'));
  const platforms = readdirSync(join(root, 'npm')).map((name) => read(join(root, 'npm', name, 'package.json')));
  about.optionalDependencies = Object.fromEntries(platforms.map(({ name, version }) => [name, version]));
  const staged = join(packed, 'stage');
  mkdirSync(staged, { recursive: true });
  for (const name of readdirSync(root)) {
    const goes = about.files.some((file) => (file.endsWith('*') ? name.startsWith(file.slice(0, -1)) : name === file));
    if (goes || name === 'README.md') cpSync(join(root, name), join(staged, name), { recursive: true });
  }
  write(join(staged, 'package.json'), about);
  return staged;
}
