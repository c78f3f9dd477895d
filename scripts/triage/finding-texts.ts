import { readFileSync } from "node:fs";
import type { OtherIssue } from "./other-issues.ts";

/** A problem as a tracker has it, and texts of other people about the same. */
export interface Pair {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly same: readonly { readonly lang: string; readonly text: string }[];
}

export const readPairs = (file: string): Pair[] =>
  readFileSync(file, "utf8").split("\n").filter((line) => line.trim() !== "").map((line) =>
    JSON.parse(line) as Pair
  );

const WORD = /[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_.'’-]*[\p{L}\p{M}\p{N}])?/gu;

const STOP_WORDS = new Set(
  ("the and for that this with not but you your are was were have has had can can't don't doesn't didn't isn't it's i'm " +
    "i've its our out from they them then there what when where which who why how all any one two get got just only " +
    "too very will would should could does did been into than after before since still even also some more most such " +
    "me my we us he she his her him no yes is it in on of to at by as or if so do be an am up").split(" "),
);

const words = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

/** In how many of the texts each word is. */
export function countWords(issues: readonly OtherIssue[], pairs: readonly Pair[]): Map<string, number> {
  const counts = new Map<string, number>();
  const texts = [
    ...issues.map(({ title, description }) => `${title} ${description}`),
    ...pairs.flatMap((
      { title, description, same },
    ) => [`${title} ${description}`, ...same.map(({ text }) => text)]),
  ];
  for (const text of texts) {
    for (const word of new Set(words(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/**
 * Four to six words of a text that somebody would search by, in the order of the text: the rarest of all texts, of equally
 * rare ones the longest. All words of a shorter text.
 */
export function tellingWords(text: string, counts: ReadonlyMap<string, number>): string {
  const all = [...new Set(words(text))].filter((word) => word.length > 1 && !STOP_WORDS.has(word));
  const wanted = Math.min(6, Math.max(4, Math.ceil(all.length / 2)));
  const chosen = new Set(
    all.toSorted((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || b.length - a.length).slice(
      0,
      wanted,
    ),
  );
  return all.filter((word) => chosen.has(word)).join(" ");
}
