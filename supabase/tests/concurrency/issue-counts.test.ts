import type { Sql, TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { single } from "../../../scripts/demo/messages.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// The counts behind the views, under connections that write the same groups at the same moment.

const IMPORTS = size(24, 64);
const WRITERS = 6;
const WRITES = size(15, 100);

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", IMPORTS + 2);
  await sql`insert into public.tags (name) values ('auth'), ('circle')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const envelope = (id: number) => ({
  ...single,
  Parent_Message: { ...single.Parent_Message, message_id: id, chat_thread_id: id, space_name: "One space" },
  Issue_Details: { ...single.Issue_Details, is_issue: true, issue_title: "Asked by all", type: "Auth" },
});

const runCounts = async (by: Sql | TransactionSql = sql): Promise<number> => {
  const [row] = await by<{ count: number }[]>`select private.run_issue_counts() as count`;
  return row?.count ?? 0;
};

const wrong = () => sql`select * from private.verify_issue_counts()`;

/** By one statement, so by one snapshot: what the views add up to, and how many issues there are. */
const sums = async () => {
  const [row] = await sql<Record<"issues" | "opened" | "in_spaces" | "open" | "of_ages", number>[]>`
    select
      (select count(*)::integer from public.issues) as issues,
      (select sum(opened_count)::integer from public.issue_trends) as opened,
      (select sum(issue_count)::integer from public.issues_by_space) as in_spaces,
      (select count(*)::integer from public.open_issues) as open,
      (select sum(issue_count)::integer from public.issue_status_ages) as of_ages
  `;
  return row;
};

test(`${IMPORTS} imports into one space wait neither for each other nor for the job`, async () => {
  // An import locks one of 1024 keys for its message: here each another one.
  const ids = await sql<{ id: number }[]>`
    select distinct on (hashtext(n::text) & 1023) n as id from generate_series(1, 5000) as n limit ${IMPORTS}
  `;
  const connections = await Promise.all(ids.map(() => sql.reserve()));
  try {
    // Nobody commits before everybody has written: whoever waited for another would wait until the timeout.
    await Promise.all(connections.map(async (by, at) => {
      await by`begin`;
      await by`set local lock_timeout = '20s'`;
      const payload = JSON.stringify(envelope(ids[at]?.id ?? 0));
      const [row] = await by`select public.handle_circle_webhook(${payload}::text::jsonb) as answer`;
      expect(row?.["answer"]).toMatchObject({ processed: 1, errors: [] });
      expect(await runCounts()).toBe(0);
    }));
    const [first, ...others] = connections;
    await Promise.all(others.map((by) => by`commit`));
    // A run that has not committed yet holds up nobody either.
    await sql.begin(async (job) => {
      expect(await runCounts(job)).toBe(IMPORTS - 1);
      if (first) await first`commit`;
      expect(await sums()).toMatchObject({ issues: IMPORTS, opened: IMPORTS, in_spaces: IMPORTS });
    });
  } finally {
    for (const by of connections) by.release();
  }
  expect(await sql`select space_name, issue_count from public.issues_by_space`)
    .toEqual([{ space_name: "One space", issue_count: String(IMPORTS) }]);
  expect(await runCounts()).toBe(1);
  expect(await wrong()).toEqual([]);
});

test("the views are right while writers and the job run at the same time", async () => {
  let isDone = false;
  const until = async (step: () => Promise<unknown>): Promise<void> => {
    while (!isDone) await step();
  };
  const read = async (): Promise<void> => {
    const row = await sums();
    expect(row).toEqual({ ...row, opened: row?.issues, in_spaces: row?.issues, of_ages: row?.open });
  };
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let step = 0; step < WRITES; step++) {
      const title = `Writer ${writer} step ${step}`;
      await sql`insert into public.issues (title, segment) values (${title}, 'code'), (${`${title} again`}, 'tool')`;
      await sql`update public.issues set status = 'resolved', segment = 'misc' where title = ${title}`;
      await sql`
        insert into public.circle_issues (message_id, space_id, mapped_to_issue_id)
        select ${title}, ${String(step % 3)}, id from public.issues where title = ${title}
      `;
      if (step % 3 === 0) await sql`delete from public.issues where title = ${title}`;
    }
  });
  const others = [until(() => runCounts()), until(() => runCounts()), until(read)];
  await Promise.all(writers).finally(() => isDone = true);
  await Promise.all(others);
  expect(await runCounts()).toBeGreaterThanOrEqual(0);
  expect(await sql`select from private.issue_changes`).toHaveLength(0);
  expect(await wrong()).toEqual([]);
  await read();
});
