/** Whether two samples of numbers come from one distribution: the Mann–Whitney rank test. */
export interface Ranked {
  /** How often a value of the first sample is above one of the second; 0.5 = nothing tells them apart. */
  readonly above: number;
  /** Standard deviations by which that differs from 0.5, if chance alone made it. */
  readonly z: number;
}

export function rankTest(first: readonly number[], second: readonly number[]): Ranked {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let at = 0; at < all.length;) {
    let end = at;
    while (all[end]?.value === all[at]?.value) {
      end++;
    }
    // Equal values share the mean of their ranks, which begin at 1.
    const rank = (at + 1 + end) / 2;
    rankSum += rank * all.slice(at, end).filter(({ isFirst }) => isFirst).length;
    at = end;
  }
  const pairs = first.length * second.length;
  const wins = rankSum - (first.length * (first.length + 1)) / 2;
  return {
    above: wins / pairs,
    z: (wins - pairs / 2) / Math.sqrt((pairs * (first.length + second.length + 1)) / 12),
  };
}
