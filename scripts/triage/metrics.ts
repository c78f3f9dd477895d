/** The area under the ROC curve: how often a yes is scored above a no; equal scores count half. */
export function areaUnderCurve(scores: readonly number[], isYes: readonly boolean[]): number {
  const order = scores.map((_, index) => index).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let ranks = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && scores[order[to] ?? 0] === scores[order[from] ?? 0]) to++;
    for (let at = from; at < to; at++) if (isYes[order[at] ?? 0]) ranks += (from + to + 1) / 2;
    from = to;
  }
  const yes = isYes.filter(Boolean).length;
  return (ranks - (yes * (yes + 1)) / 2) / (yes * (isYes.length - yes));
}

/** A tenth of the likelihoods: what was predicted on average, and how often it was so. */
export interface Bin {
  predicted: number;
  observed: number;
  count: number;
}

/** The reliability of likelihoods in ten bins of equal width; empty bins are left out. */
export function reliability(likelihoods: readonly number[], isYes: readonly boolean[]): Bin[] {
  return Array.from({ length: 10 }, (_, bin) => {
    const inside = likelihoods.flatMap((p, index) => Math.min(9, Math.floor(p * 10)) === bin ? [index] : []);
    const mean = (of: (index: number) => number): number =>
      inside.reduce((sum, index) => sum + of(index), 0) / inside.length;
    return {
      predicted: mean((index) => likelihoods[index] ?? 0),
      observed: mean((index) => Number(isYes[index])),
      count: inside.length,
    };
  }).filter(({ count }) => count > 0);
}

/** The expected calibration error: the mean distance of predicted and observed, by the number of texts in a bin. */
export function calibrationError(likelihoods: readonly number[], isYes: readonly boolean[]): number {
  return reliability(likelihoods, isYes).reduce(
    (sum, { predicted, observed, count }) => sum + (Math.abs(predicted - observed) * count) / isYes.length,
    0,
  );
}
