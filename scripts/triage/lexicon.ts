import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { DATA } from "./texts.ts";

/** The classes of a feature: words that mean much the same share a part of their weights. */
export type Lexicon = ReadonlyMap<string, readonly string[]>;

interface Entry {
  name: string;
  text: string;
}

/** The entries of data/lexicon.txt: of a line, each word, and of a word with `_` the words between. */
function readEntries(text: string): Entry[] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", list = ""] = /^(\w+): (.*)$/.exec(line) ?? [];
    return list.split(/[ |]+/).filter(Boolean).map((word) => ({ name, text: word.replaceAll("_", " ") }));
  });
}

/** The lexicon by feature: a word, a pair of words, or characters. */
export async function loadLexicon(sql: Sql): Promise<Lexicon> {
  const entries = readEntries(readFileSync(join(DATA, "lexicon.txt"), "utf8"));
  const rows = await sql<{ words: string[] }[]>`
    select array(select left(w, 7) from unnest(private.triage_words(null, t.body)) as w) as words
    from unnest(${entries.map(({ text }) => text)}::text[]) with ordinality as t (body, number)
    order by t.number
  `;
  const lexicon = new Map<string, string[]>();
  rows.forEach(({ words }, index) => {
    const { name = "", text = "" } = entries[index] ?? {};
    // Of characters in a script without blanks, the run that is as long as the entry.
    const run = words.find((word) => word.length === text.length);
    const features = run !== undefined
      ? [run]
      : words.length === 1
      ? words
      : words.slice(1).map((word, at) => `${words[at]} ${word}`);
    for (const feature of features) {
      lexicon.set(feature, [...new Set([...lexicon.get(feature) ?? [], name])]);
    }
  });
  return lexicon;
}
