/**
 * Mutation testing: how many small faults in the source do the tests notice?
 *
 *   npm run mutate                         300 faults, drawn from all of them
 *   npm run mutate -- --sample all         every one
 *   npm run mutate -- --only src/core/refs.ts --seed 7
 *   npm run mutate -- --faults             the faults of faults.ts instead
 *
 * Each fault is judged by the unit test of its file, then by the other quick
 * tests of its folder: no Redis, no browser, no sockets.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { applyMutant, mutantsOf, type Mutant } from './mutants.ts';
import { Workshop } from './workshop.ts';
import { Random } from '../sim/random.ts';

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    faults: { type: 'boolean', default: false },
  },
});
const FOLDERS = ['src/core', 'src/cluster', 'src/client'];
const REPORT = 'test-results/mutation.json';

const shop = new Workshop();
process.once('exit', () => shop.close());
process.once('SIGINT', () => process.exit(1));
process.once('SIGTERM', () => process.exit(1));

await (values.faults ? tryFaults() : tryMutants());
process.exit();

async function tryFaults(): Promise<void> {
  const wanted = FAULTS.filter(
    ({ name, file }) => values.only === undefined || `${name} ${file}`.includes(values.only),
  );
  let missed = 0;
  for (const { name, file, from, to, tests } of wanted) {
    const source = shop.read(file);
    if (source.split(from).length !== 2) {
      throw new Error(`The fault "${name}" does not fit ${file} any more: its text must be there exactly once.`);
    }
    const verdict = await shop.judge({ file, source: source.replace(from, () => to), steps: [tests] });
    missed += 'survived' in verdict ? 1 : 0;
    console.log('survived' in verdict ? `MISSED   ${name}` : `noticed  ${name}: ${verdict.killedBy}`);
  }
  console.log(`${wanted.length - missed} of ${wanted.length} faults noticed`);
  process.exitCode = missed === 0 ? 0 : 1;
}

async function tryMutants(): Promise<void> {
  const files = FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  const all = files.flatMap((file) => mutantsOf(file, shop.read(file)));
  const inScope = all.filter(({ file }) => values.only === undefined || file.startsWith(values.only));
  const drawn = draw(inScope, values.sample === 'all' ? inScope.length : Number(values.sample));
  console.log(`${drawn.length} of ${inScope.length} faults (seed ${values.seed})`);
  const survivors: Mutant[] = [];
  const tally = new Map<string, { tried: number; killed: number }>();
  let done = 0;
  for (const mutant of drawn) {
    const { file } = mutant;
    const verdict = await shop.judge({
      file,
      source: applyMutant(shop.read(file), mutant),
      steps: shop.stepsFor(file),
    });
    const folder = file.split('/').slice(0, 2).join('/');
    const count = tally.get(folder) ?? { tried: 0, killed: 0 };
    tally.set(folder, count);
    count.tried++;
    done++;
    if ('survived' in verdict) {
      survivors.push(mutant);
      console.log(`[${done}/${drawn.length}] survived ${file}:${mutant.line} ${mutant.what}`);
    } else {
      count.killed++;
      if (done % 20 === 0) {
        console.log(`[${done}/${drawn.length}] ${survivors.length} survived so far`);
      }
    }
    mkdirSync('test-results', { recursive: true });
    writeFileSync(REPORT, JSON.stringify({ seed: values.seed, tally: [...tally], survivors }, null, 1));
  }
  for (const [folder, { tried, killed }] of tally) {
    console.log(`${folder}: ${killed} of ${tried} noticed (${((killed / tried) * 100).toFixed(1)} %)`);
  }
}

function draw(from: readonly Mutant[], count: number): Mutant[] {
  const random = new Random(Number(values.seed));
  const pool = [...from];
  const drawn: Mutant[] = [];
  while (drawn.length < count && pool.length > 0) {
    drawn.push(...pool.splice(random.below(pool.length), 1));
  }
  return drawn;
}
