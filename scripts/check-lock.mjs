// Is package-lock.json complete for every platform? npm silently leaves out an optional package that
// the registry lacked at that moment; `npm ci` then refuses the lock on other platforms, or installs
// a tool without its binary. Usage: node scripts/check-lock.mjs [lock file]
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(process.argv[2] ?? 'package-lock.json', 'utf8'));
const problems = [];
let checked = 0;

for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    checked++;
    const found = lookUp(path, name);
    if (found === undefined) {
      problems.push(`${path} names ${name}@${range}, which is not in the lock.`);
    } else if (!found.link && (found.version === undefined || found.integrity === undefined)) {
      problems.push(`${name}, named by ${path}, has no version or no integrity.`);
    } else if (/^\d/.test(range) && found.version !== range) {
      problems.push(`${path} names ${name}@${range}, but the lock has ${found.version}.`);
    }
  }
}

/** As Node finds a package: in the node_modules of the folder, then of the folders above. */
function lookUp(path, name) {
  for (let folder = path; ; folder = folder.replace(/(^|\/)[^/]*$/, '')) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === '') {
      return found;
    }
  }
}

for (const problem of problems) {
  console.error(problem);
}
console.log(`${checked} optional packages named, ${problems.length} missing or unfit in the lock.`);
process.exitCode = problems.length === 0 ? 0 : 1;
