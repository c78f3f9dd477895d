import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Duplicates that are merged while others merge, promote, fix and take them apart.

const ROUNDS = size(15, 200);

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 6);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

test("of concurrent merges of issues, none makes a chain or loses a message", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const issues = await sql<{ id: string }[]>`
      insert into public.issues (title, segment, created_at)
      select 'Duplicate', 'code', timestamptz '2026-02-28' + make_interval(mins => n)
      from generate_series(1, 4) as n order by n
      returning id
    `;
    const ids = issues.map(({ id }) => id);
    await sql`
      insert into public.circle_issues (message_id, title, mapped_to_issue_id)
      select (${5_000 + round * 10} + u.position)::text, 'Duplicate', u.id
      from unnest(${ids}::uuid[]) with ordinality as u (id, position)
    `;
    const pairs = ids.flatMap((into, at) => ids.slice(at + 1).map((source) => ({ source, into })));
    await Promise.allSettled(
      pairs.map(({ source, into }) => sql`select public.merge_issues(${source}, ${into})`),
    ).then((results) => {
      for (const result of results) {
        if (result.status === "rejected") expect(String(result.reason)).toContain("loop_merge_conflict");
      }
    });
    const [found] = await sql`
      select
        (
          select count(*)::integer from public.issue_merges as a
          join public.issue_merges as b on b.source_issue_id = a.into_issue_id
          where a.source_issue_id = any (${ids}::uuid[])
        ) as chains,
        (
          select count(*)::integer from public.circle_issues as c join public.issues as i
            on i.id = c.mapped_to_issue_id and i.status <> 'archived'
          where i.id = any (${ids}::uuid[])
        ) as messages
    `;
    expect(found).toEqual({ chains: 0, messages: 4 });
  }
});

test("issues that are promoted, merged, fixed and taken apart at the same time tell each reporter once", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const ids = await sql<{ id: string }[]>`
      insert into public.issues (title, segment, created_at)
      select 'Couple', 'code', timestamptz '2026-02-28' + make_interval(mins => n)
      from generate_series(1, 2) as n order by n
      returning id
    `;
    const [older = "", younger = ""] = ids.map(({ id }) => id);
    const messages = [0, 1].map((at) => `post_${9_000 + round * 2 + at}`);
    await sql`
      insert into public.circle_issues (message_id, title, mapped_to_issue_id)
      select * from unnest(${messages}::text[], array['Couple', 'Couple'], ${[older, younger]}::uuid[])
    `;
    await Promise.all([
      // unless it is merged already
      sql`select public.promote_issue(${younger})`.catch((error: unknown) =>
        expect(String(error)).toContain("loop_link_conflict")
      ),
      sql`select public.promote_issue(${older})`,
      sql`select public.merge_issues(${younger}, ${older})`,
    ]);
    const [merged] = await sql`
      select count(*)::integer as messages, (
        select count(*)::integer from public.issue_links where issue_id = ${older}
      ) as links
      from public.circle_issues where mapped_to_issue_id = ${older}
    `;
    expect(merged).toEqual({ messages: 2, links: 1 });
    const linked = await sql<{ id: string }[]>`
      select distinct exai_issue_id as id from public.issue_links where issue_id in (${older}, ${younger})
    `;
    await Promise.all([
      // one by one: an update of several rows locks them in any order
      ...linked.map(({ id }) => sql`update public.exai_issues set status = 'fixed' where id = ${id}`),
      sql`select public.unmerge_issues(${younger})`,
    ]);
    const told = await sql<{ replies: number; isLinked: boolean }[]>`
      select count(d.id)::integer as replies, exists (
        select from public.issue_links as l where l.issue_id = c.mapped_to_issue_id
      ) as "isLinked"
      from public.circle_issues as c
      left join public.deliveries as d on d.payload -> 'reporters' ? c.message_id and d.status <> 'cancelled'
      where c.message_id = any (${messages}::text[])
      group by c.id order by c.message_id
    `;
    for (const { replies, isLinked } of told) expect(replies).toBeOneOf(isLinked ? [1] : [0, 1]);
    expect(told.some(({ isLinked }) => isLinked)).toBe(true);
  }
});
