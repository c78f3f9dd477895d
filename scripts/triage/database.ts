import type { Sql } from "postgres";
import { progress } from "../command.ts";
import { openScratch } from "../db/scratch.ts";
import type { Corpus } from "./cross-validate.ts";
import { seeTexts } from "./features.ts";
import { type Lexicon, loadLexicon } from "./lexicon.ts";
import { dropNearDuplicates, type LabelledText, readTexts, SHARED, trainingFiles } from "./texts.ts";
import { withConnection } from "../connection.ts";

/** Runs `work` with a database that has the functions of the schema files. */
export async function withDatabase<T>(url: string | undefined, work: (sql: Sql) => Promise<T>): Promise<T> {
  const scratch = url === undefined ? await openScratch(progress) : null;
  try {
    return await withConnection(url ?? (await scratch?.declared())?.url() ?? "", work);
  } finally {
    await scratch?.close();
  }
}

/** The texts to train on. */
export async function loadCorpus(
  sql: Sql,
): Promise<{ corpus: Corpus; lexicon: Lexicon; isShared: (text: LabelledText) => boolean }> {
  const shared = readTexts(SHARED).map((text) => ({ ...text, isShared: true }));
  const groups = new Set(shared.map(({ group }) => group));
  const own = trainingFiles().filter((file) => file !== SHARED).flatMap(readTexts);
  const texts = dropNearDuplicates([...shared, ...own]);
  return {
    corpus: { texts, seen: await seeTexts(sql, texts) },
    lexicon: await loadLexicon(sql),
    isShared: ({ group }) => groups.has(group),
  };
}
