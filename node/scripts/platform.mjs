// Which of the platform packages is this machine's.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the npm package. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function platformName() {
  const { platform, arch } = process;
  if (platform === 'linux') {
    const glibc = process.report.getReport().header.glibcVersionRuntime;
    return `linux-${arch}-${glibc ? 'gnu' : 'musl'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

export const platformPackage = () => join(root, 'npm', platformName());
