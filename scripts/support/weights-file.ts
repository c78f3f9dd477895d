import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../local/paths.ts";
import { SHARED, trainingFiles } from "../triage/texts.ts";
import type { Weights } from "./learn.ts";
import { OWN_PAIRS, SHARED_PAIRS } from "./questions.ts";

const ANSWERS = join(ROOT, "supabase/schemas/60_support/30_answers");
const PLATFORM = join(ROOT, "supabase/schemas/00_platform");

/** The schema file with the weights. */
export const WEIGHTS_FILE = join(ANSWERS, "33_default_answer_weights.sql");
/** The schema file with the common words. */
export const COMMON_WORDS_FILE = join(ANSWERS, "25_default_common_words.sql");

/** A digest of what the weights are made from: the texts, and the functions that find answers. */
export function digestOfSources(): string {
  const hash = createHash("sha256");
  const files = [
    SHARED_PAIRS,
    OWN_PAIRS,
    join(import.meta.dirname, "data/more-questions.jsonl"),
    SHARED,
    ...trainingFiles().filter((file) => file !== SHARED),
    COMMON_WORDS_FILE,
    ...["28_question_terms", "30_rank_passages", "32_answer_confidence"].map((name) =>
      join(ANSWERS, `${name}.sql`)
    ),
    ...["70_search_text", "74_weighted_terms", "76_search_synonyms", "77_more_search_synonyms"].map((name) =>
      join(PLATFORM, `${name}.sql`)
    ),
    join(import.meta.dirname, "cases.ts"),
    join(import.meta.dirname, "learn.ts"),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** The weights as an SQL file. */
export function weightsFile(weights: Weights): string {
  const rows = [...weights].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([feature, weight]) => `  ('${feature}', ${Number(weight.toFixed(3))})`);
  return `-- The weights of a new installation, by \`npm run answers:train\`. Don't edit: train again.
-- Trained from sources with the digest ${digestOfSources()}.

insert into private.answer_weights (feature, weight) values
${rows.join(",\n")};
`;
}

/** How common words are, as an SQL file: those of at least so many texts. */
export function commonWordsFile(words: readonly { word: string; share: number }[]): string {
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const lines: string[] = [];
  let line = "";
  for (const { word, share } of words) {
    const item = `(${literal(word)}, ${Number(share.toFixed(4))}), `;
    if (line.length + item.length > 108) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += item;
  }
  lines.push(line.trimEnd());
  return `-- How common words are in texts of support communities, by \`npm run answers:train -- --words\`. Don't edit.

insert into private.common_words (word, share) values
${lines.map((text) => `  ${text}`).join("\n").replace(/,$/, ";")}
`;
}
