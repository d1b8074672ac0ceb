// Installs the dependencies when they are missing or the lock file has changed.
// Runs on the Node of the machine; everything after it runs on the `node`
// devDependency.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const marker = join(root, 'node_modules', '.installed-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const windows = process.platform === 'win32';

if (!existsSync(marker) || readFileSync(marker, 'utf8') !== lock) {
  console.log('Installing dependencies …');
  // `npm ci` removes node_modules first. Windows refuses that while the Node in it runs, as it does here.
  const command = windows && existsSync(marker) ? ['install', '--no-save'] : ['ci'];
  const { status } = spawnSync('npm', [...command, '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
  });
  if (status !== 0) {
    console.error(`npm ${command[0]} failed: see above.`);
    process.exit(status ?? 1);
  }
  writeFileSync(marker, lock);
}
