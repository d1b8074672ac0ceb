// Does the package work with the oldest and with the newest peers that its ranges allow?
//   node scripts/test-peers.mjs [oldest | newest | @colyseus/core@0.18.9 …] [-- what vitest runs]
// Copies the repository to a temporary folder, installs those versions, builds against their types and
// runs the tests there. It asks the npm registry for the versions that exist.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const windows = process.platform === 'win32';
const at = process.argv.indexOf('--');
const asked = process.argv.slice(2, at < 0 ? undefined : at);
const tests = at < 0 ? ['test/rules', 'test/rooms', 'test/client', 'test/wire'] : process.argv.slice(at + 1);
const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** All versions in the range, oldest first. */
function versions(name, range) {
  const found = JSON.parse(npm(['view', `${name}@${range}`, 'version', '--json']));
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  return [found].flat().sort(compare);
}

function npm(args) {
  return execFileSync('npm', args, { shell: windows, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function peersFor(word) {
  const ends = { oldest: 0, newest: -1 };
  if (word in ends) {
    return Object.entries(peerDependencies).map(([name, range]) => `${name}@${versions(name, range).at(ends[word])}`);
  }
  return word.split(',');
}

function run(peers) {
  const folder = mkdtempSync(join(tmpdir(), 'presence-peers-'));
  const here = (command, ...args) =>
    spawnSync(command, args, { cwd: folder, stdio: 'inherit', shell: windows }).status === 0;
  try {
    for (const file of execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n')) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(file, join(folder, file));
    }
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    // Only these versions, whoever asks for others.
    manifest.overrides = Object.fromEntries(
      peers.map((peer) => [peer.slice(0, peer.lastIndexOf('@')), peer.slice(peer.lastIndexOf('@') + 1)]),
    );
    for (const dependencies of [manifest.peerDependencies, manifest.devDependencies]) {
      for (const [name, version] of Object.entries(manifest.overrides)) {
        if (name in dependencies) {
          dependencies[name] = version;
        }
      }
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
    rmSync(join(folder, 'package-lock.json'));
    return (
      here('npm', 'install', '--legacy-peer-deps', '--no-fund', '--no-audit', '--loglevel=error') &&
      here('npm', 'ls', '--depth=0', ...Object.keys(manifest.overrides)) &&
      here('npx', 'tsc', '-p', 'tsconfig.build.json') &&
      here('npx', 'vitest', 'run', ...tests)
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results = (asked.length > 0 ? asked : ['oldest', 'newest']).map((word) => {
  const peers = peersFor(word);
  console.log(`\n${word}: ${peers.join(', ')}`);
  return [peers, run(peers)];
});
for (const [peers, works] of results) {
  console.log(`${works ? '✓' : '✗'} ${peers.join(', ')}`);
}
process.exitCode = results.every(([, works]) => works) ? 0 : 1;
