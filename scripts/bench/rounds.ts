import type { Comparison, Floor, Sample } from "./bench.ts";

export interface Measured {
  name: string;
  /** Milliseconds an operation: the median of the rounds. */
  msEach: number;
  /** Whether half of the rounds or more were given up at a limit, so that `msEach` is too small. */
  isCutOff: boolean;
}

export interface Verdict extends Floor {
  /** Our speed divided by the peer's; what is reached in truth is more where the peer was cut off. */
  reached: number;
  /** The smallest and the largest ratio of a single round. */
  range: readonly [number, number];
  isCutOff: boolean;
  isMet: boolean;
}

export interface Result {
  comparison: Comparison;
  rounds: number;
  contenders: Measured[];
  verdicts: Verdict[];
  /** What `explain` said, where a floor was missed. */
  explanation?: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error("no values");
  return (low + high) / 2;
}

/** Runs the contenders in turn, every other round in the opposite order, and takes medians. */
export async function measure(
  comparison: Comparison,
  rounds: number,
  progress: (step: string) => void,
): Promise<Result> {
  const samples = new Map<string, Sample[]>(comparison.contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`${comparison.title}: round ${round + 1} of ${rounds}`);
    const order = round % 2 === 0 ? comparison.contenders : comparison.contenders.toReversed();
    for (const contender of order) samples.get(contender.name)?.push(await contender.run());
  }
  const result = judge(comparison, samples);
  if (comparison.explain && result.verdicts.some(({ isMet }) => !isMet)) {
    return { ...result, explanation: await comparison.explain() };
  }
  return result;
}

/** What the samples come to. */
export function judge(comparison: Comparison, samples: ReadonlyMap<string, readonly Sample[]>): Result {
  const times = (name: string): number[] =>
    (samples.get(name) ?? []).map((sample) => sample.ms / sample.operations);
  const isCutOff = (name: string): boolean => {
    const all = samples.get(name) ?? [];
    return all.filter((sample) => sample.isCutOff).length * 2 >= all.length;
  };
  const [ours] = comparison.contenders;
  const own = times(ours.name);
  return {
    comparison,
    rounds: own.length,
    contenders: comparison.contenders.map(({ name }) => ({
      name,
      msEach: median(times(name)),
      isCutOff: isCutOff(name),
    })),
    verdicts: comparison.floors.map((floor) => {
      const peer = times(floor.against);
      const reached = median(peer) / median(own);
      const each = own.map((ms, round) => (peer[round] ?? NaN) / ms);
      return {
        ...floor,
        reached,
        range: [Math.min(...each), Math.max(...each)],
        isCutOff: isCutOff(floor.against),
        // ours at a limit has reached nothing, whatever the peer
        isMet: reached >= floor.ratio && !isCutOff(ours.name),
      };
    }),
  };
}
