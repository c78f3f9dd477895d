import type { Sql } from "postgres";

/** What the database sees in a text. */
export interface Seen {
  /** All features, for whether it is an issue. */
  features: string[];
  /** Its words, for its segment. */
  words: string[];
}

const BATCH = 500;

/** The features of texts, as the database's own functions find them. */
export async function seeTexts(
  sql: Sql,
  texts: readonly { title: string | null; text: string }[],
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH);
    seen.push(
      ...await sql<Seen[]>`
        select private.triage_features(t.title, t.body) as features,
          array(select left(w, 7) from unnest(private.triage_words(t.title, t.body)) as w) as words
        from unnest(
          ${batch.map(({ title }) => title)}::text[], ${batch.map(({ text }) => text)}::text[]
        ) with ordinality as t (title, body, number)
        order by t.number
      `,
    );
  }
  return seen;
}
