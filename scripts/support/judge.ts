import type { Sql, TransactionSql } from "postgres";
import type { Case, Source } from "./cases.ts";
import type { Question } from "./questions.ts";

/** What find_answers made of a question. */
export interface Judged {
  readonly question: Question;
  /** Whether one of the answers is about what the question is about. */
  readonly hasSource: boolean;
  /** Where the right answer is among the first five, from 1; null where it isn't. */
  readonly position: number | null;
  /** The features of the first one; empty where nothing was found. */
  readonly features: ReadonlyMap<string, number>;
  /** By the weights of the database. */
  readonly confidence: number;
  readonly ms: number;
}

interface Found {
  source_id: string;
  confidence: number;
  features: { feature: string; value: number }[];
}

const INSERTED_AT_ONCE = 500;

/** Puts the questions of a case to its answers, which are rolled back. `sql` connects as `postgres`, to no other answers. */
export async function judgeCase(sql: Sql, { sources, questions }: Case): Promise<Judged[]> {
  const judged: Judged[] = [];
  const rollback = new Error("rolled back");
  await sql.begin(async (tx) => {
    const ids = await insertSources(tx, sources);
    await tx`select private.refresh_answer_terms()`;
    for (const question of questions) judged.push(await judgeQuestion(tx, question, ids));
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
  return judged;
}

/** Inserts public answers, and returns their ids by problem. */
export async function insertSources(
  tx: TransactionSql | Sql,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (let at = 0; at < sources.length; at += INSERTED_AT_ONCE) {
    const some = sources.slice(at, at + INSERTED_AT_ONCE);
    const rows = await tx<{ key: string; id: string }[]>`
      with source as materialized (
        select s.key, s.question, s.answer, md5(s.key)::uuid as id
        from unnest(
          ${some.map(({ id }) => id)}::text[], ${some.map(({ question }) => question)}::text[],
          ${some.map(({ answer }) => answer || "…")}::text[]
        ) as s (key, question, answer)
      ), inserted as (
        insert into support.answers (id, question, answer, is_published)
        select s.id, s.question, s.answer, true from source as s
      )
      select s.key, s.id from source as s
    `;
    for (const { key, id } of rows) ids.set(key, id);
  }
  return ids;
}

async function judgeQuestion(
  tx: TransactionSql,
  question: Question,
  ids: ReadonlyMap<string, string>,
): Promise<Judged> {
  const right = question.about === null ? undefined : ids.get(question.about);
  const started = performance.now();
  const found = await tx<Found[]>`
    select j.source_id, to_jsonb(j.features) as features, private.answer_confidence(j.features) as confidence
    from private.rank_sources(${question.text}, 5) as j
  `;
  const ms = performance.now() - started;
  const at = found.findIndex(({ source_id }) => source_id === right);
  return {
    question,
    hasSource: right !== undefined,
    position: at < 0 ? null : at + 1,
    features: new Map((found[0]?.features ?? []).map(({ feature, value }) => [feature, value])),
    confidence: found[0]?.confidence ?? 0,
    ms,
  };
}
