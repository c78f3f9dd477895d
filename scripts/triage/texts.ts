import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { UserError } from "../local/user-error.ts";

export const SEGMENTS = ["auth", "code", "tool", "misc"] as const;

const LabelledText = z.object({
  text: z.string(),
  title: z.string().nullable(),
  is_issue: z.boolean(),
  segment: z.enum(SEGMENTS).nullable(),
  lang: z.string(),
  /** Texts of one group are about one situation, or share wording. */
  group: z.string().optional(),
  id: z.string().optional(),
}).refine(({ is_issue, segment }) => is_issue === (segment !== null), "An issue has a segment, others none.");

export type LabelledText = z.infer<typeof LabelledText> & { group: string; isShared?: boolean };

export const DATA = join(import.meta.dirname, "data");
export const SHARED = join(DATA, "shared-messages.jsonl");

/** The labelled texts of a file, one JSON object a line. */
export function readTexts(file: string): LabelledText[] {
  return readFileSync(file, "utf8").split("\n").flatMap((line, index) => {
    if (line === "") return [];
    const parsed = LabelledText.safeParse(JSON.parse(line));
    if (!parsed.success) {
      throw new UserError(
        `${basename(file)}:${index + 1}: ${z.prettifyError(parsed.error)}`,
        "See docs/triage.md.",
      );
    }
    const { group, id } = parsed.data;
    return [{ ...parsed.data, group: group ?? id ?? `${basename(file)}:${index + 1}` }];
  });
}

/** The files that the weights are trained on. */
export const trainingFiles = (): string[] =>
  globSync("*.jsonl", { cwd: DATA }).filter((file) => !file.endsWith("pairs.jsonl")).sort()
    .map((file) => join(DATA, file));

const pieces = (text: string): Set<string> => {
  const letters = text.toLowerCase().normalize("NFKD").replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim();
  return new Set(
    Array.from({ length: Math.max(1, letters.length - 3) }, (_, at) => letters.slice(at, at + 4)),
  );
};

/** The texts without those that share nine in ten of their pieces of four letters with an earlier one. */
export function dropNearDuplicates<T extends { text: string; title: string | null }>(
  texts: readonly T[],
): T[] {
  const kept: { pieces: Set<string>; text: T }[] = [];
  const byPiece = new Map<string, number[]>();
  for (const text of texts) {
    const own = pieces(`${text.title ?? ""} ${text.text}`);
    const shared = new Map<number, number>();
    for (const piece of own) {
      for (const at of byPiece.get(piece) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1);
    }
    const isDuplicate = [...shared].some(([at, count]) =>
      count / (own.size + (kept[at]?.pieces.size ?? 0) - count) >= 0.9
    );
    if (isDuplicate) continue;
    for (const piece of own) byPiece.set(piece, [...byPiece.get(piece) ?? [], kept.length]);
    kept.push({ pieces: own, text });
  }
  return kept.map(({ text }) => text);
}

/** The fold of a text, of its group: a number below `folds` that doesn't depend on the other texts. */
export function foldOf({ group }: LabelledText, folds: number): number {
  let hash = 2166136261;
  for (const character of group) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return (hash >>> 8) % folds;
}
