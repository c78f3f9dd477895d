import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { type Bulk, makeBulk } from "./bulk.ts";

const WORKERS = 2;

/** The bulk database with what is kept next to its issues: the words that search looks through, and the latest comment. */
export const makeSearchedBulk = (bench: Bench): Promise<Bulk> =>
  bench.shared("issue-search", async () => {
    const bulk = await makeBulk(bench);
    await index(bench, bulk);
    return bulk;
  });

/**
 * Fills the side tables with what the triggers and the job would have written, rows in the order of time, in a third of the
 * time: in one statement a worker, and without stemming, which leaves the words of our vocabulary as they are. A sample is held
 * to what the functions make.
 */
async function index(bench: Bench, { database, issueCount }: Bulk): Promise<void> {
  bench.progress(`making the search vectors of ${issueCount} issues`);
  const admin = database.connect({ role: "supabase_admin", max: WORKERS });
  try {
    await admin`update pg_index set indisready = false where indrelid = 'private.issue_search'::regclass`;
    await Promise.all(Array.from({ length: WORKERS }, (_, worker) =>
      admin.begin(async (tx) => {
        await tx`set local synchronous_commit = off`;
        await tx`set local work_mem = '256MB'`;
        await tx`
          insert into private.issue_search (
            issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at,
            comment_count
          )
          select
            v.id, v.vector, pg_column_size(v.vector), private.question_key(v.title), v.created_at, v.last_commenter,
            coalesce(v.last_comment_at, v.created_at), coalesce(v.comment_count, 0)
          from (
            select i.id, i.created_at, c.last_commenter, c.last_comment_at, c.comment_count,
              to_tsvector('pg_catalog.simple', i.title) as title,
              setweight(to_tsvector('pg_catalog.simple', i.title), 'A')
                || setweight(to_tsvector(
                  'pg_catalog.english', concat_ws(' ', array_to_string(i.tags, ' '), i.submitted_by, i.assigned_to)
                ), 'B')
                || setweight(to_tsvector('pg_catalog.simple', i.description), 'C')
                || coalesce(to_tsvector('pg_catalog.english', c.bodies), '') as vector
            from public.issues as i
            left join (
              select l.issue_id, string_agg(l.author_name || e'\n' || l.body, e'\n' order by l.created_at desc, l.id desc)
                  as bodies,
                (array_agg(l.author_name order by l.created_at desc, l.id desc))[1] as last_commenter,
                max(l.created_at) as last_comment_at, count(*) as comment_count
              from public.comments as l
              group by l.issue_id
            ) as c on c.issue_id = i.id
            where i.seq_id % ${WORKERS} = ${worker}
          ) as v
          order by v.created_at
        `;
      })));
    await admin`update pg_index set indisready = true where indrelid = 'private.issue_search'::regclass`;
    await admin.begin(async (tx) => {
      await tx`set local maintenance_work_mem = '512MB'`;
      await tx`reindex table private.issue_search`;
    });
    await admin`vacuum (analyze) private.issue_search`;
    await admin`select private.refresh_issue_terms()`;
    const [wrong] = await admin<{ count: number }[]>`
      select count(*)::integer as count
      from (select * from public.issues order by seq_id desc limit 500) as i
      join private.issue_search as s on s.issue_id = i.id
      where s.vector <> private.issue_vector(
        private.search_vector(i.title, 20000), i.tags, private.issue_people(i.id, i.submitted_by, i.assigned_to),
        i.description
      ) || coalesce(private.comments_vector(i.id), '')
    `;
    assert.equal(wrong?.count, 0, "the vectors are what the triggers make");
  } finally {
    await admin.end();
  }
}
