/** `npm run soak` sets `SOAK=1`: tests then take the full sizes that an issue asks for. */
export const isSoak = process.env["SOAK"] === "1";

/** How much of something a test does: `small` in `npm test`, `full` in `npm run soak`, with the same assertions. */
export const size = (small: number, full: number): number => isSoak ? full : small;
