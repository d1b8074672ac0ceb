/** `npm run fuzz -- [messages] [seed]`: a million hostile messages, with progress. */
import { runHostile } from './fuzz.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const started = performance.now();
const print = console.log;
// Colyseus prints each frame it cannot decode: not what this run is about.
console.error = console.warn = console.log = () => {};

print(`${messages} hostile messages, seed ${seed}`);
let shown = 0;
try {
  const { sent, honest, closed, heapGrowthMb } = await runHostile(messages, seed, (count) => {
    const percent = Math.floor((count / messages) * 100);
    if (percent >= shown + 5) {
      shown = percent;
      print(`${percent} %  ${count} messages, ${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  });
  print(
    `| messages | rounds of the honest pair | attackers disconnected | heap growth | time |\n|---:|---:|---:|---:|---:|`,
  );
  print(
    `| ${sent} | ${honest}, all right | ${closed} | ${heapGrowthMb.toFixed(1)} MB | ${((performance.now() - started) / 1000).toFixed(0)} s |`,
  );
  process.exit(0);
} catch (error) {
  print(`Failed with seed ${seed}:`, error);
  process.exit(1);
}
