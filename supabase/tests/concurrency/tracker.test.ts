import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { single, thread } from "../../../scripts/demo/messages.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";

// Parallel connections that write the same rows.

const WRITERS = 12;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WRITERS);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

beforeEach(async () => {
  await sql`delete from public.issues`;
  await sql`delete from public.circle_issues`;
});

const inParallel = <T>(count: number, work: (writer: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, writer) => work(writer)));

async function makeIssues(count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    insert into public.issues (title, segment) select 'Issue ' || n, 'misc' from generate_series(1, ${count}) as n returning id
  `;
  return rows.map((row) => row.id);
}

/** A pseudo-random sequence that is the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (sides) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * sides);
  };
}

test("twelve writers of issues.tags and issue_tags: both stay equal, without a deadlock", async () => {
  const issues = await makeIssues(3);
  await inParallel(WRITERS, async (writer) => {
    const roll = dice(writer + 1);
    for (let step = 0; step < 40; step++) {
      const issue = issues[roll(3)] ?? "";
      const tag = `tag ${roll(5)}`;
      const ways = [
        () => sql`insert into public.issue_tags values (${issue}, ${tag}) on conflict do nothing`,
        () => sql`delete from public.issue_tags where issue_id = ${issue} and tag_name = ${tag}`,
        () => sql`update public.issues set tags = array_append(tags, ${tag}) where id = ${issue}`,
        () => sql`update public.issues set tags = array_remove(tags, ${tag}) where id = ${issue}`,
        () => sql`update public.issues set tags = ${["b", tag, "a"]} where id = ${issue}`,
      ];
      await ways[roll(ways.length)]?.();
    }
  });
  const rows = await sql<{ tags: string[]; rows: string[] }[]>`
    select i.tags, array(
      select t.tag_name from public.issue_tags t where t.issue_id = i.id order by t.tag_name collate "C"
    ) as rows
    from public.issues i
  `;
  expect(rows).toHaveLength(3);
  for (const row of rows) expect(row.rows).toEqual(row.tags);
});

test("deletes of tags, issues and issue_tags, parallel to writers of one issue each: no deadlock", async () => {
  for (let round = 0; round < 20; round++) {
    const issues = await makeIssues(6);
    await sql`update public.issues set tags = '{s,t,u}'`;
    const [first = "", second = ""] = issues;
    await Promise.all([
      sql`delete from public.tags where name = 's'`,
      sql`delete from public.tags where name = 't'`,
      sql`delete from public.issues where id = ${first}`,
      sql`delete from public.issue_tags where issue_id = ${first}`,
      sql`delete from public.issue_tags where tag_name = 's'`,
      ...issues.map((issue) => sql`update public.issues set tags = '{s,t,v}' where id = ${issue}`),
      sql`insert into public.issue_tags values (${second}, 'w') on conflict do nothing`,
    ]);
    const rows = await sql<{ tags: string[]; rows: string[] }[]>`
      select i.tags, array(
        select t.tag_name from public.issue_tags t where t.issue_id = i.id order by t.tag_name collate "C"
      ) as rows
      from public.issues i
    `;
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row.rows).toEqual(row.tags);
    await sql`delete from public.issues`;
  }
});

test("parallel inserts get distinct, consecutive numbers, whatever number is sent", async () => {
  const [{ next = 0 } = {}] = await sql<{ next: number }[]>`
    select nextval('public.issues_seq_id_seq')::integer as next
  `;
  await sql`delete from auth.users where id = '00000000-0000-4000-8000-000000000001'`;
  await sql`insert into auth.users (id, email) values ('00000000-0000-4000-8000-000000000001', 'agent@example.org')`;
  await sql`insert into public.team_members (user_id, role) values ('00000000-0000-4000-8000-000000000001', 'agent')`;
  const numbers = await inParallel(WRITERS, async (writer) => {
    const taken: number[] = [];
    for (let step = 0; step < 20; step++) {
      const rows = await sql.begin(async (transaction) => {
        await transaction`select set_config('request.jwt.claims', ${
          JSON.stringify({ sub: "00000000-0000-4000-8000-000000000001", role: "authenticated" })
        }, true)`;
        await transaction`set local role authenticated`;
        return await transaction<{ seq_id: number }[]>`
          insert into public.issues (title, segment, seq_id) values ('Numbered', 'misc', ${
          next + writer + step
        })
          returning seq_id
        `;
      });
      taken.push(...rows.map((row) => row.seq_id));
    }
    return taken;
  });
  const all = numbers.flat().toSorted((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: WRITERS * 20 }, (_, at) => next + 1 + at));
});

test("parallel changes of one status are each logged once, with the previous status", async () => {
  const [issue = ""] = await makeIssues(1);
  const statuses = ["waiting_for_help", "in_progress", "blocked", "resolved", "archived"];
  const changed = await inParallel(WRITERS, async (writer) => {
    let count = 0;
    for (let step = 0; step < 10; step++) {
      const status = statuses[(writer + step) % statuses.length] ?? "";
      const result = await sql`
        update public.issues set status = ${status} where id = ${issue} and status <> ${status}
      `;
      count += result.count;
    }
    return count;
  });
  const log = await sql<{ old_status: string | null; new_status: string }[]>`
    select old_status, new_status from public.issue_status_logs where issue_id = ${issue} order by changed_at
  `;
  expect(log).toHaveLength(1 + changed.reduce((sum, count) => sum + count, 0));
  expect(log.map((entry) => entry.old_status)).toEqual([
    null,
    ...log.slice(0, -1).map((entry) => entry.new_status),
  ]);
  const [row] = await sql<{ status: string }[]>`select status from public.issues where id = ${issue}`;
  expect(row?.status).toBe(log.at(-1)?.new_status);
});

describe("parallel imports of the same messages", () => {
  const counts = async () =>
    (await sql`
      select
        (select count(*)::integer from public.circle_issues) as messages,
        (select count(*)::integer from public.circle_replies) as replies,
        (select count(*)::integer from public.issues) as issues,
        (select count(*)::integer from public.issue_import_logs) as imports
    `)[0];

  const handle = async (payload: unknown) =>
    (await sql<{ result: { errors: unknown[] } }[]>`
      select public.handle_circle_webhook(${sql.json(payload as Parameters<Sql["json"]>[0])}) as result
    `)[0]?.result;

  test("in opposite orders: one row per message, no error, no deadlock", async () => {
    const messages = Array.from({ length: 8 }, (_, at) => ({
      ...single,
      Parent_Message: { ...single.Parent_Message, message_id: 700 + at, chat_thread_id: 700 + at },
    }));
    const results = await inParallel(
      WRITERS,
      (writer) => handle(writer % 2 ? messages : messages.toReversed()),
    );
    expect(results.flatMap((result) => result?.errors)).toEqual([]);
    expect(await counts()).toEqual({ messages: 8, replies: 0, issues: 8, imports: 8 });
  });

  test("while an admin deletes the issue: both succeed, in any order", async () => {
    const replies = ["one", "two", "three"];
    for (let round = 0; round < 20; round++) {
      await sql`delete from public.circle_issues`;
      const messages = Array.from({ length: 3 }, (_, at) => ({
        ...single,
        Parent_Message: { ...single.Parent_Message, message_id: 800 + at, body: replies[at] },
      }));
      await handle(messages);
      const edited = messages.map((message) => ({
        ...message,
        Parent_Message: {
          ...message.Parent_Message,
          edited_at: "2030-01-01T00:00:00Z",
          body: `again ${round}`,
        },
      }));
      const outcomes = await Promise.allSettled([
        handle(edited),
        sql`delete from public.issues where id = (select mapped_to_issue_id from public.circle_issues where message_id = '801')`,
        sql`delete from public.issues where id = (select mapped_to_issue_id from public.circle_issues where message_id = '800')`,
        handle(edited.toReversed()),
      ]);
      expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
      expect(await counts()).toMatchObject({ messages: 3, issues: 1 });
      await sql`delete from public.issues`;
    }
  });

  test("while the cleanup deletes test issues: both succeed", async () => {
    for (let round = 0; round < 20; round++) {
      await sql`delete from public.circle_issues`;
      const messages = Array.from({ length: 6 }, (_, at) => ({
        ...single,
        Parent_Message: { ...single.Parent_Message, message_id: 900 + at },
      }));
      await handle(messages);
      await sql`update public.issues set is_test = true`;
      const edited = messages.map((message) => ({
        ...message,
        Parent_Message: {
          ...message.Parent_Message,
          edited_at: "2030-01-01T00:00:00Z",
          body: `again ${round}`,
        },
      }));
      const outcomes = await Promise.allSettled([
        handle(edited),
        sql`select public.cleanup_legacy_test_data(0)`,
        handle(edited),
      ]);
      expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
      expect(await counts()).toMatchObject({ messages: 6, issues: 0 });
    }
  });

  test("while a person edits the issue: the edit stays", async () => {
    await handle(thread(1));
    const edits = inParallel(
      6,
      (writer) => sql`update public.issues set title = ${`Edited by hand ${writer}`}, description = 'Mine'`,
    );
    const imports = inParallel(6, (writer) => handle(thread(1 + writer % 3)));
    await Promise.all([edits, imports]);
    await handle(thread(3));
    const [issue] = await sql<
      { title: string; description: string }[]
    >`select title, description from public.issues`;
    expect(issue?.title).toMatch(/^Edited by hand \d$/);
    expect(issue?.description).toBe("Mine");
    expect(await counts()).toEqual({ messages: 1, replies: 3, issues: 1, imports: 1 });
  });
});

test("two admins who demote each other in parallel: one stays admin", async () => {
  const ids = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
  for (let round = 0; round < 5; round++) {
    await sql`delete from auth.users where id = any (${ids})`;
    await sql`
      insert into auth.users (id, email, email_confirmed_at)
      select id, id || '@example.org', now() from unnest(${ids}::uuid[]) as id
    `;
    await sql`insert into public.team_members (user_id, role) select id, 'admin' from unnest(${ids}::uuid[]) as id`;
    const outcomes = await inParallel(2, async (writer) => {
      const [me = "", other = ""] = writer === 0 ? ids : ids.toReversed();
      return await sql.begin(async (transaction) => {
        await transaction`select set_config('request.jwt.claims', ${
          JSON.stringify({ sub: me, role: "authenticated" })
        }, true)`;
        await transaction`set local role authenticated`;
        const result =
          await transaction`update public.team_members set role = 'viewer' where user_id = ${other}`;
        return result.count;
      }).catch((error: Error) => error.message);
    });
    const [row] = await sql<{ admins: number }[]>`
      select count(*)::integer as admins from public.team_members where role = 'admin'
    `;
    expect(row?.admins, JSON.stringify(outcomes)).toBe(1);
  }
});
