import { readFileSync } from "node:fs";
import type { Sql } from "postgres";

const RULES = readFileSync(new URL("../database/helpers/word_rules.psql", import.meta.url), "utf8");

/** Rules by words instead of weights, so that what a text is judged as follows from a few words in it. */
export async function useWordRules(sql: Sql): Promise<void> {
  await sql.unsafe(RULES).simple();
}
