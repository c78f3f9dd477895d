/** Milliseconds that `call` takes. */
export async function timeOf(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

/**
 * How many times as long `run` takes as sixteen runs of it for a sixteenth of the size: about 1 where cost is in
 * proportion to size, and 16 where it is quadratic. The two take equally long, so other work on the machine disturbs
 * both alike; of each the quickest counts, alternating.
 */
export async function growth(run: (size: number) => Promise<unknown>, size: number): Promise<number> {
  let [sixteenths, whole] = [Infinity, Infinity];
  for (let round = 0; round < 20 && !(whole < 4 * sixteenths); round++) {
    const parts = async () => {
      for (let part = 0; part < 16; part++) await run(size / 16);
    };
    sixteenths = Math.min(sixteenths, await timeOf(parts));
    whole = Math.min(whole, await timeOf(() => run(size)));
  }
  return whole / sixteenths;
}
