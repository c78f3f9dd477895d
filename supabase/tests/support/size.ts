/** `npm run soak` sets `SOAK=1`: tests then take the full sizes that an issue asks for. */
export const isSoak = process.env["SOAK"] === "1";

/** How much of something a test does: `small` in `npm test`, `full` in `npm run soak`, with the same assertions. */
export const size = (small: number, full: number): number => isSoak ? full : small;

/** Which cases of a table a test does: `small` of them in `npm test`, from all parts of it, and all in `npm run soak`. */
export function some<T extends string | object | [unknown]>(small: number, cases: readonly T[]): T[] {
  if (isSoak) return [...cases];
  const step = cases.length / small;
  return cases.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
}
