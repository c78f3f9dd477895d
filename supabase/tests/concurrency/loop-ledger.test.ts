import fc from "fast-check";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { LoopModel } from "../support/loop-model.ts";
import { LOOP_WORLD, type LoopStep, loopStories } from "../support/loop-steps.ts";
import { size } from "../support/size.ts";

// The ledger is the same however often, and in whichever order, things arrive, and for however many at a time.

const STORIES = size(60, 10_000);
const SHARES = 2;
const CALLERS = size(8, 40);
const SEED = 16;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", CALLERS);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

test(
  `${STORIES} stories end as the model does, in order and retold`,
  async () => {
    await Promise.all(
      Array.from({ length: SHARES }, async (_, share) => {
        const by = connect(database, "postgres", 1);
        try {
          await by.unsafe("begin");
          await by.unsafe(LOOP_WORLD);
          const run = async (steps: LoopStep[]): Promise<unknown> => {
            await by.unsafe("savepoint story");
            const [row] = await by<{ state: unknown }[]>`select pg_temp.run_loop(${by.json(steps)}) as state`;
            await by.unsafe("rollback to savepoint story; release savepoint story");
            return row?.state;
          };
          await fc.assert(
            fc.asyncProperty(loopStories, async ({ steps, retold }) => {
              const model = new LoopModel();
              for (const step of steps) model.apply(step);
              expect(await run(steps)).toEqual(model.state);
              expect(await run(retold)).toEqual(model.state);
            }),
            { numRuns: STORIES / SHARES, seed: SEED + share },
          );
        } finally {
          await by.unsafe("rollback");
          await by.end();
        }
      }),
    );
  },
);

describe("many at the same time", () => {
  const everyone = <T>(call: (at: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: CALLERS }, (_, at) => call(at)));

  async function createIssue(): Promise<string> {
    const [row] = await sql<
      { id: string }[]
    >`insert into public.issues (title) values ('Login fails') returning id`;
    return row?.id ?? "";
  }
  const hops = async (id: string, hop: string): Promise<string[]> => {
    const events = await sql<{ line: string }[]>`
      select generation || ' ' || reference as line from public.loop_events
      where issue_id = ${id} and hop = ${hop} order by generation, reference collate "C"
    `;
    return events.map(({ line }) => line);
  };

  test("promote one issue: one engineering issue, one link, one event", async () => {
    const id = await createIssue();
    const promoted = await everyone(async () => {
      const [row] = await sql<{ number: number }[]>`
        select (public.promote_issue(${id})).issue_number as number
      `;
      return row?.number;
    });
    expect(new Set(promoted).size).toBe(1);
    expect(await hops(id, "promoted")).toEqual([`1 EXAI-${promoted[0]}`]);
  });

  test("dispatch one engineering issue: one task", async () => {
    const id = await createIssue();
    const [exai] = await sql<
      { number: number }[]
    >`select (public.promote_issue(${id})).issue_number as number`;
    await sql`insert into auth.users (id, email) values (${AGENT}, 'agent@example.org')`;
    await sql`
      insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name)
      values (-1, ${AGENT}, 'https://github.com/acme/app', 'app', 'acme', 'App')
    `;
    const dispatched = await everyone(async () => {
      const [row] = await sql<{ task: string }[]>`
        select (public.dispatch_issue(${exai?.number ?? 0}, -1)).task_id as task
      `;
      return row?.task;
    });
    expect(new Set(dispatched).size).toBe(1);
    expect(await hops(id, "dispatched")).toEqual([`1 ${dispatched[0]}`]);
  });

  test("report, link and resolve: each is recorded, once, and nothing deadlocks", async () => {
    const id = await createIssue();
    const [exai] = await sql<{ number: number }[]>`
      insert into public.exai_issues (title) values ('Login') returning issue_number as number
    `;
    await everyone(async (at) => {
      switch (at % 4) {
        case 0:
          return await sql`
            insert into public.circle_issues (message_id, mapped_to_issue_id) values (${`storm-${at}`}, ${id})
          `;
        case 1:
          return await sql`select public.link_issue(${id}, ${exai?.number ?? 0})`;
        case 2:
          return await sql`update public.issues set status = 'resolved' where id = ${id}`;
        default:
          return await sql`select public.unlink_issue(${id})`;
      }
    });
    const reports = Array.from({ length: CALLERS }, (_, at) => at).filter((at) => at % 4 === 0);
    expect(await hops(id, "reported")).toEqual(["1 ", ...reports.map((at) => `1 storm-${at}`).sort()]);
    expect(await hops(id, "promoted")).toEqual([`1 EXAI-${exai?.number}`]);
    expect(await hops(id, "resolved")).toEqual(["1 "]);
  });

  test("reopen and resolve: a generation for each time", async () => {
    const id = await createIssue();
    await everyone((at) =>
      sql`update public.issues set status = ${at % 2 === 0 ? "resolved" : "in_progress"} where id = ${id}`
    );
    const [row] = await sql<{ generation: number; reopened: number; resolved: number; expected: number }[]>`
      select l.generation,
        (select count(*)::integer from public.loop_events where issue_id = ${id} and hop = 'reopened') as reopened,
        (select count(*)::integer from public.loop_events where issue_id = ${id} and hop = 'resolved') as resolved,
        (
          select count(*)::integer from public.issue_status_logs
          where issue_id = ${id} and old_status = 'resolved' and new_status = 'in_progress'
        ) as expected
      from public.loop_issues as l where l.issue_id = ${id}
    `;
    expect(row?.reopened).toBe(row?.expected);
    expect(row?.generation).toBe((row?.expected ?? 0) + 1);
    expect((row?.generation ?? 0) - (row?.resolved ?? 0)).toBeOneOf([0, 1]);
  });
});

const AGENT = "00000000-0000-4000-8000-00000000000c";
