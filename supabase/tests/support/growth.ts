/** Milliseconds that `call` takes. */
export async function timeOf(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

/**
 * How many times as long `run` takes for four times the size; less than 9 where cost is in proportion to size,
 * since 16 would be quadratic. Of each size the quickest run counts, alternating, with more runs while other work
 * on the machine disturbs them.
 */
export async function ratioWhenQuadrupled(
  run: (size: number) => Promise<unknown>,
  size: number,
): Promise<number> {
  let [short, long] = [Infinity, Infinity];
  for (let round = 0; round < 20 && !(round > 0 && long / short < 9); round++) {
    short = Math.min(short, await timeOf(() => run(size)));
    long = Math.min(long, await timeOf(() => run(4 * size)));
  }
  return long / short;
}
