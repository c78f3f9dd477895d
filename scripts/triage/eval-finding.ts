import type postgres from "postgres";
import { createRandom } from "../bench/words.ts";
import { countWords, type Pair, readPairs, tellingWords } from "./finding-texts.ts";
import { makeOtherIssues } from "./other-issues.ts";

/** How often the issue of a text is found, of all texts. */
export interface Finding {
  readonly name: string;
  readonly texts: number;
  /** Share of the texts whose issue is the first result. */
  readonly hit1: number;
  /** Share of the texts whose issue is among the first five. */
  readonly hit5: number;
  /** Mean of 1 / position among the first 50; 0 where it isn't there. */
  readonly mrr: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  /** The same by language of the text: share among five. */
  readonly hit5ByLanguage: Readonly<Record<string, number>>;
  /** Texts whose issue isn't among the first five, with its position, if it was found. */
  readonly missed: readonly { id: string; text: string; query: string; position: number | null }[];
}

export interface FindingOptions {
  /** How many issues there are next to the problems; default 2,000. */
  readonly others?: number;
  readonly seed?: number;
}

interface Question {
  readonly id: string;
  readonly lang: string;
  readonly text: string;
}

/**
 * Measures similar_issues and search_issues: the problems of these files and other issues are inserted in one transaction,
 * which is rolled back. `sql` connects as `postgres` to a database whose issues may be few or many.
 */
export async function evaluateFinding(
  sql: postgres.Sql,
  pairsFiles: readonly string[],
  { others = 2_000, seed = 12 }: FindingOptions = {},
): Promise<Finding[]> {
  const pairs = pairsFiles.flatMap(readPairs);
  const otherIssues = makeOtherIssues(others, seed);
  const counts = countWords(otherIssues, pairs);
  const questions: Question[] = pairs.flatMap(({ id, same }) =>
    same.map(({ lang, text }) => ({ id, lang, text }))
  );
  const results: Finding[] = [];
  const rollback = new Error("rolled back");
  await sql.begin(async (tx) => {
    const ids = await insertIssues(tx, pairs, otherIssues, seed);
    // as autovacuum and the job have it soon after
    await tx`select gin_clean_pending_list('private.issue_search_vector_idx')`;
    await tx`analyze private.issue_search`;
    await tx`select private.refresh_issue_terms()`;
    const measure = async (name: string, query: (text: string) => string, statement: string) => {
      results.push(await measureFinding(tx, name, questions, ids, query, statement));
    };
    await measure(
      "similar_issues, text as description",
      (text) => text,
      "select id from public.similar_issues(null, $1, 50)",
    );
    await measure(
      "similar_issues, text as title",
      (text) => text,
      "select id from public.similar_issues($1, '', 50)",
    );
    await measure(
      "search_issues, telling words",
      (text) => tellingWords(text, counts),
      "select id from public.search_issues($1, max_results => 50)",
    );
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
  return results;
}

async function insertIssues(
  tx: postgres.TransactionSql,
  pairs: readonly Pair[],
  others: readonly { title: string; description: string }[],
  seed: number,
): Promise<Map<string, string>> {
  const random = createRandom(seed);
  const rows = [
    ...pairs.map(({ id, title, description }) => ({ key: id, title, description })),
    ...others.map(({ title, description }, at) => ({ key: `o${at}`, title, description })),
  ].map((row) => ({ ...row, order: random() })).toSorted((a, b) => a.order - b.order);
  const ids = new Map<string, string>();
  for (let at = 0; at < rows.length; at += 500) {
    const part = rows.slice(at, at + 500);
    const inserted = await tx<{ id: string; key: string }[]>`
      with row as (
        select r.key, r.title, r.description, r.number, md5(r.key)::uuid as id
        from unnest(
          ${part.map(({ key }) => key)}::text[], ${part.map(({ title }) => title)}::text[],
          ${part.map(({ description }) => description)}::text[]
        ) with ordinality as r (key, title, description, number)
      ), inserted as (
        insert into public.issues (id, title, description, segment, created_at)
        select row.id, row.title, row.description, 'misc', now() - (${at}::integer + row.number) * interval '1 hour'
        from row
      )
      select row.id, row.key from row
    `;
    for (const { id, key } of inserted) ids.set(key, id);
  }
  return ids;
}

async function measureFinding(
  tx: postgres.TransactionSql,
  name: string,
  questions: readonly Question[],
  ids: ReadonlyMap<string, string>,
  query: (text: string) => string,
  statement: string,
): Promise<Finding> {
  const times: number[] = [];
  const asked: { question: Question; query: string; position: number | null }[] = [];
  for (const question of questions) {
    const text = query(question.text);
    const started = performance.now();
    const found = await tx.unsafe<{ id: string }[]>(statement, [text]);
    times.push(performance.now() - started);
    const index = found.findIndex(({ id }) => id === ids.get(question.id));
    asked.push({ question, query: text, position: index < 0 ? null : index + 1 });
  }
  const shareOf = (some: typeof asked, most: number): number =>
    some.filter(({ position }) => position !== null && position <= most).length / Math.max(some.length, 1);
  const languages = [...new Set(questions.map(({ lang }) => lang))];
  const sorted = times.toSorted((a, b) => a - b);
  return {
    name,
    texts: asked.length,
    hit1: shareOf(asked, 1),
    hit5: shareOf(asked, 5),
    mrr: asked.reduce((sum, { position }) => sum + (position === null ? 0 : 1 / position), 0) / asked.length,
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    slowestMs: sorted.at(-1) ?? 0,
    hit5ByLanguage: Object.fromEntries(
      languages.map((lang) => [lang, shareOf(asked.filter(({ question }) => question.lang === lang), 5)]),
    ),
    missed: asked.filter(({ position }) => position === null || position > 5).map((
      { question, query: text, position },
    ) => ({ id: question.id, text: question.text, query: text, position })),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The results as a Markdown table. */
export function findingTable(results: readonly Finding[]): string {
  const rows = results.map(({ name, texts, hit1, hit5, mrr, medianMs, slowestMs, hit5ByLanguage }) =>
    `| ${name} | ${texts} | ${percent(hit1)} | ${percent(hit5)} | ${mrr.toFixed(2)} | ` +
    `${percent(hit5ByLanguage["en"] ?? 0)} | ${medianMs.toFixed(0)} ms | ${slowestMs.toFixed(0)} ms |`
  );
  return [
    "| | texts | first | among five | MRR | English, among five | median | slowest |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
