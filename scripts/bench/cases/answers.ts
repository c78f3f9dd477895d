import assert from "node:assert/strict";
import { otherSources } from "../../support/cases.ts";
import { insertSources } from "../../support/judge.ts";
import type { Case, Comparison } from "../bench.ts";
import { explain, timed } from "../queries.ts";

/** Ranking without the stored words takes longer than this; it is enough to see whether the floor is reached. */
const LIMIT_MS = 20_000;
const ANSWERS = 100_000;

const QUESTIONS = [
  {
    name: "answers-short",
    title: "a question of a sentence",
    text: "My avatar is cut off at the top since the last update, how can I move it?",
  },
  {
    name: "answers-other-language",
    title: "a question in another language",
    text: "Ich bekomme keine Benachrichtigungen mehr auf dem Handy, obwohl alles eingeschaltet ist",
  },
  {
    name: "answers-long",
    title: "a question of a long paragraph",
    text:
      "Hello, I've moved our calendar to the new workspace on Monday and since then the reminders of events go to people " +
      "who have left, in the wrong time zone too. I've exported the list of members, removed them, imported it again and " +
      "signed out on all devices. The page says that the import is finished, but the old addresses come back with every " +
      "reload. Is there a setting that I miss, or do I have to cancel the subscription and start again?",
  },
];

const OURS = "find_answers";
const NAIVE = "the same ranking without the stored vectors";
const ASK = "select * from support.find_answers($1)";

/** The same words with the same weights, over vectors that are made for the query, of all passages. */
const NAIVE_QUERY = `
  with corpus as (select private.load_answer_corpus() as corpus), term as materialized (
    select t.* from corpus as c
    cross join lateral unnest(private.weigh_question(c.corpus, private.search_vector($1, 12000))) as t
  ), passage as (
    select p.source_id, p.number, setweight(private.search_vector(coalesce(r.title, a.question), 4000), 'A')
      || setweight(private.search_vector(p.text, 12000), 'C') as vector
    from private.answer_passages as p
    left join support.articles as r on r.id = p.article_id
    left join support.answers as a on a.id = p.answer_id
  ), alternative as (
    select p.source_id, p.number, length(p.vector) as words_count, t.unit, t.evidence,
      bool_and('A' = any (l.weights)) as is_title
    from passage as p
    cross join lateral unnest(p.vector) as l
    join term as t on t.term = l.lexeme
    group by p.source_id, p.number, p.vector, t.unit, t.alternative, t.terms_count, t.evidence, t.is_own
    having count(*) = t.terms_count
  ), unit as (
    select a.source_id, a.number, a.words_count, a.unit,
      max(a.evidence * case when a.is_title then 1.2 else 1 end) as weight
    from alternative as a
    group by a.source_id, a.number, a.words_count, a.unit
  )
  select u.source_id,
    max(u.total / (0.6 + 0.4 * u.words_count / (select (c.corpus).words_mean from corpus as c))) as score
  from (
    select i.source_id, i.number, i.words_count, sum(i.weight) as total from unit as i
    group by i.source_id, i.number, i.words_count
  ) as u
  group by u.source_id
  order by score desc
  limit 3
`;

export const answersCase: Case = {
  name: "answers",
  title: "find_answers at 100,000 public answers",
  async prepare(bench) {
    const count = bench.scaled(ANSWERS);
    const database = await bench.createDatabase("answers");
    const writers = database.connect({ max: 2 });
    // one connection, so that what warms it up is what is measured
    const sql = database.connect({ max: 1 });
    bench.progress(`inserting ${count} public answers`);
    const sources = otherSources(count);
    const half = Math.ceil(count / 2);
    await Promise.all([
      insertSources(writers, sources.slice(0, half)),
      insertSources(writers, sources.slice(half)),
    ]);
    await writers.end();
    await sql`select gin_clean_pending_list('private.answer_passages_vector_idx')`;
    await sql`vacuum (analyze) private.answer_passages`;
    await sql`select private.refresh_answer_terms()`;

    const comparison = ({ name, title, text }: (typeof QUESTIONS)[number]): Comparison => {
      const run = (query: string) => () => sql.begin((tx) => timed(tx, query, [text], LIMIT_MS));
      return {
        name,
        title,
        clients: "1 connection",
        unit: "ms",
        contenders: [{ name: OURS, run: run(ASK) }, { name: NAIVE, run: run(NAIVE_QUERY) }],
        floors: [{ against: NAIVE, ratio: 20 }],
        explain: () => sql.begin((tx) => explain(tx, "select * from support.find_answers('avatar')")),
      };
    };
    const [stored] = await sql<
      { count: number }[]
    >`select count(*)::integer as count from private.answer_passages`;
    assert(stored && stored.count >= count, "each answer is in the index");
    return {
      comparisons: QUESTIONS.map(comparison),
      method:
        `${count} published answers to issues of a tracker, analyzed, their words counted. Both weigh the words of the ` +
        "question, other forms of them and other words for the same in the same way, and rank by the same formula; ours " +
        "returns the best three with passages and confidences. The peer makes the vector of each passage for the question, " +
        `and is given up after ${LIMIT_MS / 1000} s: what it takes in truth is more.`,
      warmUp: async () => {
        for (let round = 0; round < 6; round++) {
          for (const { text } of QUESTIONS) await sql.unsafe(ASK, [text], { prepare: true });
        }
      },
      close: () => sql.end(),
    };
  },
};
