import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { wrongIssueSearch } from "../support/issue-search.ts";

// What search finds under real connections that write one issue, its comments and sessions at the same moment.

const WRITERS = 12;
const ISSUE = "10000000-0000-4000-8000-000000000001";
const USER = "00000000-0000-4000-8000-000000000001";

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WRITERS);
  await sql`insert into auth.users (id, email) values (${USER}, 'agent@example.org')`;
  await sql`insert into public.team_members (user_id, role) values (${USER}, 'agent')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

beforeEach(async () => {
  await sql`delete from public.issues`;
  await sql`insert into public.issues (id, title, segment) values (${ISSUE}, 'One', 'misc')`;
});

const inParallel = <T>(count: number, work: (writer: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, writer) => work(writer)));

const wrong = () => wrongIssueSearch(sql);

test("comments, titles, tags and states written at once on one issue are all found, without a deadlock", async () => {
  await inParallel(WRITERS, async (writer) => {
    for (let step = 0; step < 15; step++) {
      const word = `word${writer}x${step}`;
      await sql`insert into public.comments (issue_id, body) values (${ISSUE}, ${word})`;
      await [
        () => sql`update public.issues set title = ${`Title ${word}`} where id = ${ISSUE}`,
        () => sql`insert into public.issue_tags values (${ISSUE}, ${word})`,
        () => sql`update public.comments set body = ${`${word} again`} where body = ${word}`,
        () => sql`update public.issues set status = ${step % 2 ? "blocked" : "resolved"} where id = ${ISSUE}`,
        () => sql`delete from public.comments where body = ${word}`,
      ][(writer + step) % 5]?.();
    }
  });
  expect(await wrong()).toEqual([]);
  const [{ count = 0 } = {}] = await sql<{ count: number }[]>`
    select count(*)::integer from public.comments as c join private.issue_search as s using (issue_id)
    where s.vector @@ plainto_tsquery('english', c.body)
  `;
  expect(count).toBe(WRITERS * 15 - WRITERS * 3);
});

test("a comment and a change of state in one transaction, against changes of the title: no deadlock", async () => {
  await inParallel(WRITERS, async (writer) => {
    for (let step = 0; step < 15; step++) {
      if (writer % 2) {
        await sql`update public.issues set title = ${`Title ${writer} ${step}`} where id = ${ISSUE}`;
      } else {
        await sql.begin(async (transaction) => {
          await transaction`insert into public.comments (issue_id, body) values (${ISSUE}, ${`w${writer}s${step}`})`;
          await transaction`update public.issues set status = 'blocked' where id = ${ISSUE}`;
          await transaction`update public.issues set status = 'in_progress' where id = ${ISSUE}`;
        });
      }
    }
  });
  expect(await wrong()).toEqual([]);
});

test("comments on several issues in one statement, in any order: no deadlock", async () => {
  const rows = await sql<{ id: string }[]>`
    insert into public.issues (title, segment) select 'Issue ' || n, 'misc' from generate_series(1, 8) as n returning id
  `;
  const ids = rows.map(({ id }) => id);
  await inParallel(WRITERS, async (writer) => {
    for (let step = 0; step < 5; step++) {
      const order = writer % 2 ? ids : ids.toReversed();
      await sql`insert into public.comments (issue_id, body) select unnest(${order}::uuid[]), ${`w${writer}s${step}`}`;
    }
  });
  expect(await wrong()).toEqual([]);
});

test("edits and deletes of comments against deletes of their issues: no deadlock", async () => {
  for (let round = 0; round < 25; round++) {
    const rows = await sql<{ id: string }[]>`
      insert into public.issues (title, segment) select 'Issue ' || n, 'misc' from generate_series(1, 6) as n returning id
    `;
    const ids = rows.map(({ id }) => id);
    await sql`insert into public.comments (issue_id, body) select unnest(${ids}::uuid[]), 'first'`;
    await Promise.all([
      ...ids.map((id) => sql`update public.comments set body = 'second' where issue_id = ${id}`),
      ...ids.slice(0, 3).map((id) => sql`delete from public.issues where id = ${id}`),
      sql`delete from public.comments where issue_id = ${ids[5] ?? ""}`,
      sql`insert into public.comments (issue_id, body) values (${ids[4] ?? ""}, 'third')`,
    ]);
    expect(await wrong()).toEqual([]);
    await sql`delete from public.issues where id <> ${ISSUE}`;
  }
});

test("a session is started once, however many tabs open at the same moment", async () => {
  const claims = JSON.stringify({ role: "authenticated", sub: USER });
  const ids = await inParallel(WRITERS, () =>
    sql.begin(async (transaction) => {
      await transaction`select set_config('request.jwt.claims', ${claims}, true)`;
      await transaction`set local role authenticated`;
      const [row] = await transaction<{ id: string }[]>`select id from public.touch_user_session()`;
      return row?.id;
    }));
  expect(new Set(ids).size).toBe(1);
  expect(await sql`select from public.user_sessions`).toHaveLength(1);
});
