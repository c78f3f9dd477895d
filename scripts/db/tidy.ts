import { tokenize } from "./sql-tokens.ts";
import { withConnection } from "../connection.ts";

/**
 * Generated SQL in the house's form as far as a program can bring it there: keywords in lower case, no quotes around names
 * that need none. Strings, comments and function bodies stay as they are.
 *
 * @param url any database: PostgreSQL's reserved words are read from it
 */
export async function tidy(generated: string, url: string): Promise<string> {
  return await withConnection(url, async (sql) => {
    const words = await sql<{ word: string }[]>`select word from pg_get_keywords() where catcode <> 'U'`;
    return tidyTokens(generated, new Set(words.map(({ word }) => word)));
  });
}

export function tidyTokens(generated: string, reserved: Set<string>): string {
  return tokenize(generated).map(({ kind, text }) => {
    if (kind === "word") return text.toLowerCase();
    const name = text.slice(1, -1);
    return kind === "quoted" && /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : text;
  }).join("");
}
