// Loads the native module of this platform, once for both copies of the package (ESM and CommonJS).
'use strict';

const { arch, platform } = process;

// Of two packages for one platform (glibc and musl), npm installs the one that fits; where both are there, the one that
// loads is taken.
const names = {
  'darwin-arm64': ['darwin-arm64'],
  'darwin-x64': ['darwin-x64'],
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
  'win32-x64': ['win32-x64-msvc'],
}[`${platform}-${arch}`];

function load() {
  const failed = [];
  for (const name of names ?? []) {
    try {
      return require(`@image-intelligence/${name}`);
    } catch (error) {
      failed.push({ name: `@image-intelligence/${name}`, error });
    }
  }
  throw explain(failed);
}

function explain(failed) {
  const libc = platform === 'linux' ? (process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl') : '';
  const here = [platform, arch, libc].filter(Boolean).join(', ');
  if (failed.length === 0) {
    return new Error(
      `image-intelligence has no native module for this platform (${here}); there is one for ` +
        'Linux (x64, arm64; glibc or musl), macOS (x64, arm64) and Windows (x64)',
    );
  }
  const broken = failed.find(({ error }) => error.code !== 'MODULE_NOT_FOUND');
  if (broken) {
    return new Error(
      `image-intelligence: the native module ${broken.name} is there but does not load (${here}): ` +
        `${broken.error.message}; install again on this machine, as node_modules cannot be copied between platforms`,
      { cause: broken.error },
    );
  }
  const wanted = failed.find(({ name }) => !libc || name.endsWith(libc === 'glibc' ? 'gnu' : 'musl')) ?? failed[0];
  return new Error(
    `image-intelligence: its native module is not installed (${here}): npm install ${wanted.name}. It is an optional ` +
      'dependency: npm leaves it out with --omit=optional, or where package-lock.json was made on another platform',
    { cause: wanted.error },
  );
}

module.exports = load();
