// Compiles the TypeScript twice, for `import` and for `require`, and fetches what a package must carry beside it.

import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './platform.mjs';

for (const [folder, config] of [
  ['esm', 'tsconfig.json'],
  ['cjs', 'tsconfig.cjs.json'],
]) {
  rmSync(join(root, folder), { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
writeFileSync(join(root, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
for (const name of ['LICENSE-APACHE', 'LICENSE-MIT', 'NOTICE']) copyFileSync(join(root, '..', name), join(root, name));
