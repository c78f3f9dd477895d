import assert from "node:assert/strict";
import type { Case, Comparison } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { makeSearchedBulk } from "../data/issue-search.ts";
import { asCaller, explain, timed } from "../queries.ts";
import { wordOf } from "../words.ts";

/** Ranking without the stored words takes minutes; this is enough to see whether the floor is reached. */
const LIMIT_MS = 20_000;

/** What people search for: words that few, some and many issues have. */
const QUERIES = [
  { name: "search-rare", title: "a word that about one issue in a thousand has", words: [wordOf(12_000)] },
  {
    name: "search-two",
    title: "two words of which each is in some issues",
    words: [wordOf(900), wordOf(1_500)],
  },
  { name: "search-common", title: "a word that about one issue in ten has", words: [wordOf(100)] },
];

const OURS = "search_issues";
const NAIVE = "the same ranking without the stored vector";

/** The same weights and the same ranking, over vectors that are made for the query. */
const NAIVE_QUERY = `
  select i.id, ts_rank('{0.1, 0.2, 0.4, 1}', v.vector, q.words, 1) as rank
  from websearch_to_tsquery('pg_catalog.english', $1) as q (words)
  cross join public.issues as i
  left join (
    select c.issue_id, string_agg(c.body, e'\\n') as bodies from public.comments as c group by c.issue_id
  ) as c on c.issue_id = i.id
  cross join lateral (
    select setweight(to_tsvector('pg_catalog.english', i.title), 'A')
      || setweight(to_tsvector('pg_catalog.english', array_to_string(i.tags, ' ')), 'B')
      || setweight(to_tsvector('pg_catalog.english', i.description), 'C')
      || setweight(to_tsvector('pg_catalog.english', coalesce(c.bodies, '')), 'D') as vector
  ) as v
  where v.vector @@ q.words
  order by rank desc, i.created_at desc
  limit 20
`;

export const searchCase: Case = {
  name: "search",
  title: "search_issues at a million issues",
  async prepare(bench) {
    const bulk = await makeSearchedBulk(bench);
    const sql = bulk.database.connect();
    const ask = "select * from public.search_issues($1)";

    const comparison = ({ name, title, words }: (typeof QUERIES)[number]): Comparison => {
      const run = (query: string) => () =>
        asCaller(sql, "authenticated", VIEWER_ID, (tx) => timed(tx, query, [words.join(" ")], LIMIT_MS));
      return {
        name,
        title: `search for ${title}`,
        clients: "1 connection",
        unit: "ms",
        contenders: [{ name: OURS, run: run(ask) }, { name: NAIVE, run: run(NAIVE_QUERY) }],
        floors: [{ against: NAIVE, ratio: 20 }],
        explain: () =>
          sql.begin((tx) =>
            explain(
              tx,
              `select s.issue_id from private.issue_search as s
               where s.vector @@ to_tsquery('pg_catalog.english', '${words.join(" & ")}')`,
            )
          ),
      };
    };
    const [answer] = await asCaller(
      sql,
      "authenticated",
      VIEWER_ID,
      (tx) =>
        tx.unsafe<{ count: number }[]>(`select count(*)::integer as count from (${ask}) as f`, [wordOf(1)]),
    );
    assert(answer && answer.count > 0, "search_issues finds the commonest word");
    return {
      comparisons: QUERIES.map(comparison),
      method:
        `Over the same ${bulk.issueCount} issues and ${bulk.commentCount} comments. Both rank title, tags, ` +
        "description and comments with the same weights and return the best 20, asked by a team viewer; ours with " +
        `snippets. The peer is given up after ${LIMIT_MS / 1000} s, and what it takes in truth is more.`,
      close: () => sql.end(),
    };
  },
};
