// Packs what would be published for this machine, and installs it into a folder of its own, without a network, as a user
// would have it. Prints the folder.
//   node scripts/pack.mjs [FOLDER]

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { platformPackage, root } from './platform.mjs';

const packed = join(root, 'packed');
const folder = resolve(process.argv[2] ?? join(packed, 'installed'));
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed);

const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const tarballs = [root, platformPackage()].map((from) => {
  const [told] = JSON.parse(npm(from, 'pack', '--silent', '--json', '--pack-destination', packed));
  return join(packed, told.filename);
});

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
npm(folder, 'install', '--silent', '--offline', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs);
console.log(folder);
