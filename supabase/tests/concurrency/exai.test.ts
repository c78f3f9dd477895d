import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Concurrent connections that write relations, statuses, steps and claims of the same engineering issues.

const WRITERS = size(40, 200);
const ISSUES = 50;

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
  await sql`truncate public.exai_issues cascade`;
});

async function makeIssues(count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    insert into public.exai_issues (title) select 'Issue ' || n from generate_series(1, ${count}) as n returning id
  `;
  return rows.map((row) => row.id);
}

/** A pseudorandom sequence that is the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (sides) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * sides);
  };
}

/** Accepts a rejected cycle; any other error, such as a deadlock, fails the test. */
async function writtenOrRejected(work: PromiseLike<unknown>): Promise<"written" | "rejected"> {
  try {
    await work;
    return "written";
  } catch (error) {
    if (error instanceof Error && error.message === "exai_relation_cycle_conflict") return "rejected";
    throw error;
  }
}

/** There is no cycle, arrays and edges agree, and the counts are correct. */
async function expectConsistency(): Promise<void> {
  // Each arc is from the start or end of an issue to that of another: what comes before what.
  const cycles = await sql`
    with recursive arc as (
      select distinct v.source, v.target
      from public.exai_issue_relations as e
      cross join lateral (
        values
          ('blocks', e.from_issue_id || 'end', e.to_issue_id || 'start'),
          ('parent', e.from_issue_id || 'start', e.to_issue_id || 'start'),
          ('parent', e.to_issue_id || 'end', e.from_issue_id || 'end'),
          ('duplicates', e.to_issue_id || 'end', e.from_issue_id || 'end'),
          (e.kind, e.from_issue_id || 'start', e.from_issue_id || 'end'),
          (e.kind, e.to_issue_id || 'start', e.to_issue_id || 'end')
      ) as v (kind, source, target)
      where v.kind = e.kind and e.kind in ('blocks', 'parent', 'duplicates')
    ),
    reached (first, event) as (
      select source, target from arc
      union
      select r.first, a.target from reached as r join arc as a on a.source = r.event
    )
    select first from reached where first = event
  `;
  expect(cycles).toHaveLength(0);
  const differing = await sql`
    select i.issue_number
    from public.exai_issues as i
    where i.blocks_issues <> array(
        select to_issue_id from public.exai_issue_relations where from_issue_id = i.id and kind = 'blocks' order by 1
      )
      or i.blocked_by_issues <> array(
        select from_issue_id from public.exai_issue_relations where to_issue_id = i.id and kind = 'blocks' order by 1
      )
      or i.related_issues <> array(
        select case from_issue_id when i.id then to_issue_id else from_issue_id end
        from public.exai_issue_relations where i.id in (from_issue_id, to_issue_id) and kind = 'relates' order by 1
      )
  `;
  expect(differing).toHaveLength(0);
  expect(await sql`select * from private.verify_exai_issue_counts()`).toHaveLength(0);
}

test("many writers of random block edges: no cycle, no deadlock, arrays and edges agree", async () => {
  const issues = await makeIssues(ISSUES);
  const results = await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
    const roll = dice(writer + 1);
    const outcomes: string[] = [];
    for (let step = 0; step < 5; step++) {
      const from = issues[roll(ISSUES)] ?? "";
      const to = issues[roll(ISSUES)] ?? "";
      if (from === to) continue;
      const ways = [
        () =>
          sql`insert into public.exai_issue_relations values (${from}, ${to}, 'blocks') on conflict do nothing`,
        () => sql`select public.relate_exai_issues(${from}, ${to}, 'blocks')`,
        () => sql`select public.unrelate_exai_issues(${from}, ${to}, 'blocks')`,
        () =>
          sql`update public.exai_issues set blocks_issues = array_append(blocks_issues, ${to}) where id = ${from}`,
        () =>
          sql`update public.exai_issues set blocked_by_issues = blocked_by_issues || ${from}::uuid where id = ${to}`,
        () => sql`update public.exai_issues set blocks_issues = '{}' where id in (${from}, ${to})`,
        () => sql`delete from public.exai_issue_relations where from_issue_id = ${from} and kind = 'blocks'`,
      ];
      // Three of four add edges, so that the graph fills up.
      const way = roll(4) < 3 ? [0, 1, 3, 4][roll(4)] : [2, 5, 6][roll(3)];
      outcomes.push(await writtenOrRejected(ways[way ?? 0]?.() ?? Promise.resolve()));
    }
    return outcomes;
  }));
  const outcomes = results.flat();
  expect(outcomes.filter((outcome) => outcome === "rejected").length).toBeGreaterThan(10);
  expect(outcomes.filter((outcome) => outcome === "written").length).toBeGreaterThan(10);
  await expectConsistency();
});

test(
  "concurrent edges of every kind, statuses, titles, steps, comments, claims and deletes leave the data consistent",
  async () => {
    const issues = await makeIssues(ISSUES);
    const statuses = ["open", "in_progress", "fixed", "verified", "closed", "wont_fix"];
    const kinds = ["blocks", "parent", "relates", "duplicates", "discovered_from"];
    await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
      const roll = dice(writer + 1001);
      for (let step = 0; step < 4; step++) {
        // The deletes spare the first forty issues.
        const from = issues[roll(40)] ?? "";
        const to = issues[roll(40)] ?? "";
        const kind = kinds[roll(kinds.length)] ?? "";
        const status = statuses[roll(statuses.length)] ?? "";
        const ways = [
          () =>
            from === to ? Promise.resolve() : sql`select public.relate_exai_issues(${from}, ${to}, ${kind})`,
          () =>
            from === to ? Promise.resolve() : sql`
          insert into public.exai_issue_relations values (${from}, ${to}, ${kind}) on conflict do nothing`,
          () => sql`select public.unrelate_exai_issues(${from}, ${to}, ${kind})`,
          () => sql`update public.exai_issues set status = ${status} where id = ${from}`,
          () =>
            sql`select public.set_exai_issue_status(issue_number, ${status}) from public.exai_issues where id = ${to}`,
          () => sql`update public.exai_issues set severity = 'high', title = title || '.' where id = ${from}`,
          () => sql`insert into public.exai_issue_checklist (issue_id, description) values (${from}, 'x')`,
          () =>
            sql`update public.exai_issue_checklist set status = 'complete' where issue_id = ${to} and step_number = 1`,
          () =>
            sql`insert into public.exai_issue_updates (issue_id, content) values (${from}, ${`comment ${writer}`})`,
          () => sql`select * from public.next_exai_issue(${`conversation ${writer}`})`,
          // Claims that are due, and writes of their holders, which renew them.
          () =>
            sql`update public.exai_issues set lease_expires_at = now() where id = ${from} and claimed_by is not null`,
          () =>
            sql`insert into public.exai_issue_updates (issue_id, content, conversation_id)
              select id, 'mine', claimed_by from public.exai_issues where id = ${from}`,
          () =>
            sql`insert into public.exai_issue_checklist (issue_id, description, conversation_id)
              select id, 'mine', claimed_by from public.exai_issues where id = ${from}`,
          () =>
            sql`insert into public.exai_issues (title, blocked_by_issues) values ('New', array[${from}::uuid])`,
          () => sql`delete from public.exai_issues where id = ${issues[40 + roll(10)] ?? ""}`,
          () =>
            sql`update public.exai_issues set related_issues = array[${to}::uuid] where id = ${from} and id <> ${to}`,
        ];
        await writtenOrRejected(ways[roll(ways.length)]?.() ?? Promise.resolve());
      }
    }));
    await expectConsistency();
  },
);

test("of two edges that would close a cycle together, one is rejected", async () => {
  const [first = "", second = ""] = await makeIssues(2);
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.all([
      writtenOrRejected(sql`insert into public.exai_issue_relations values (${first}, ${second}, 'blocks')`),
      writtenOrRejected(sql`insert into public.exai_issue_relations values (${second}, ${first}, 'blocks')`),
    ]);
    expect(outcomes.toSorted()).toEqual(["rejected", "written"]);
    await sql`delete from public.exai_issue_relations where kind = 'blocks'`;
  }
});

test("above read committed, edges are rejected with exai_isolation_unsupported", async () => {
  const [first = "", second = ""] = await makeIssues(2);
  for (const isolation of ["repeatable read", "serializable"]) {
    await expect(sql.begin(`isolation level ${isolation}`, async (transaction) => {
      await transaction`insert into public.exai_issue_relations values (${first}, ${second}, 'blocks')`;
    })).rejects.toMatchObject({ code: "PT409", message: "exai_isolation_unsupported" });
    await expect(sql.begin(`isolation level ${isolation}`, async (transaction) => {
      await transaction`update public.exai_issues set blocks_issues = ${[second]} where id = ${first}`;
    })).rejects.toMatchObject({ code: "PT409", message: "exai_isolation_unsupported" });
  }
  await sql.begin("isolation level repeatable read", async (transaction) => {
    await transaction`update public.exai_issues set status = 'fixed' where id = ${first}`;
  });
  expect(await sql`select * from private.verify_exai_issue_counts()`).toHaveLength(0);
});

test("concurrent calls of next_exai_issue return different issues", async () => {
  await makeIssues(40);
  const claims = await Promise.all(Array.from({ length: 60 }, async (_, writer) => {
    const rows = await sql<{ issue_number: number; claimed_by: string }[]>`
      select issue_number, claimed_by from public.next_exai_issue(${`conversation ${writer}`})
    `;
    return rows.map((row) => row.issue_number);
  }));
  const numbers = claims.flat();
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toHaveLength(40);
});

test("concurrent moves and inserts of steps leave each number to one step", async () => {
  const [issue = ""] = await makeIssues(1);
  await sql`
    insert into public.exai_issue_checklist (issue_id, step_number, description)
    select ${issue}, n, 'Step ' || n from generate_series(1, 10) as n
  `;
  await Promise.all(Array.from({ length: 60 }, async (_, writer) => {
    const roll = dice(writer + 7);
    if (writer % 3 === 0) await sql`select public.insert_checklist_step(${issue}, ${1 + roll(10)}, 'New')`;
    else if (writer % 3 === 1) {
      await sql`select public.move_checklist_step(${issue}, ${1 + roll(10)}, ${1 + roll(10)})`;
    } else {
      await sql`insert into public.exai_issue_checklist (issue_id, description) values (${issue}, 'Last')`;
    }
  }));
  const steps = await sql<{ step_number: number }[]>`
    select step_number from public.exai_issue_checklist where issue_id = ${issue} order by 1
  `;
  expect(steps.map((step) => step.step_number)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  expect(await sql`select * from private.verify_exai_issue_counts()`).toHaveLength(0);
});

test("comments that are written concurrently are all found", async () => {
  const [issue = ""] = await makeIssues(1);
  await Promise.all(
    Array.from(
      { length: 30 },
      (_, writer) =>
        sql`insert into public.exai_issue_updates (issue_id, content) values (${issue}, ${`word${writer}x`})`,
    ),
  );
  const found = await sql<{ count: number }[]>`
    select count(*)::integer from generate_series(0, 29) as n
    where exists (select from public.search_exai_issues('word' || n || 'x'))
  `;
  expect(found[0]?.count).toBe(30);
});
