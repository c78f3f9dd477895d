import { afterAll, expect, test } from "vitest";
import { openCluster } from "../../supabase/tests/support/database.ts";
import { createMessages } from "./cases/messages.ts";
import { countMessages } from "./cases/webhook.ts";
import { CASES } from "./cases/index.ts";
import { openBench } from "./cluster.ts";
import { checkExai, makeExai } from "./data/exai.ts";
import { runCase } from "./run.ts";

// At a thousandth of the size, over the cluster of the tests: whether the cases work, not what they come to.

const steps: string[] = [];
const { url } = await openCluster();
const bench = openBench({ url, template: "fixloop" }, {
  rounds: 1,
  scale: 0.001,
  progress: (step) => steps.push(step),
});

afterAll(() => bench.close());

test.each(CASES.map((each) => [each.name, each] as const))(
  "%s runs, and all of its work was done",
  async (_, each) => {
    const { method, results } = await runCase(each, bench);
    expect(method).not.toBe("");
    expect(results.length).toBeGreaterThan(0);
    for (const { comparison, contenders, verdicts } of results) {
      expect(contenders.map(({ name }) => name)).toEqual(comparison.contenders.map(({ name }) => name));
      for (const { msEach } of contenders) expect(msEach).toBeGreaterThan(0);
      expect(verdicts.length).toBeGreaterThan(0);
      for (const { reached } of verdicts) expect(reached).toBeGreaterThan(0);
    }
  },
);

test("messages are each their own, of realistic length", () => {
  const bodies = createMessages(200).map((message) => JSON.parse(message).Parent_Message);
  expect(new Set(bodies.map(({ message_id }) => message_id)).size).toBe(200);
  for (const { body } of bodies) {
    expect(body.length).toBeGreaterThan(60);
    expect(body.length).toBeLessThan(500);
  }
});

test("a message that is lost or double is seen", async () => {
  const database = await bench.createDatabase("lost");
  const sql = database.connect();
  try {
    const [one = "", other = ""] = createMessages(2);
    await sql`select public.process_circle_webhook(${sql.json(JSON.parse(one))})`;
    const [event] = await sql`select public.receive_circle_event(${
      Buffer.from(one).toString("base64")
    }) as id`;
    await sql`select public.process_circle_event(${event?.id})`;
    await expect(countMessages(sql, [one])).resolves.toBeUndefined();
    await expect(countMessages(sql, [one, other])).rejects.toThrow();
    await sql`insert into public.issues (title, segment) values ('A second one', 'misc')`;
    await expect(countMessages(sql, [one])).rejects.toThrow();
  } finally {
    await sql.end();
  }
});

test("engineering issues are filled in as asked, and what the triggers would not have kept so is seen", async () => {
  const size = { issueCount: 60, stepsEach: 3, edgeCount: 90 };
  const sql = (await makeExai(bench, "exai", size)).connect({ role: "supabase_admin" });
  try {
    const [row] = await sql`
      select
        (select count(*)::integer from public.exai_issues) as issues,
        (select count(*)::integer from public.exai_issue_checklist) as steps,
        (select count(*)::integer from public.exai_issue_relations) as edges,
        (select count(*)::integer from public.exai_active_issues) as active,
        (select count(*)::integer from public.exai_ready_issues) as ready
    `;
    expect(row).toMatchObject({ issues: 60, steps: 180, edges: 90 });
    expect(row?.active).toBeGreaterThan(row?.ready);
    expect(row?.ready).toBeGreaterThan(0);
    // the triggers can go on from there
    await sql`update public.exai_issues set status = 'fixed' where status = 'open'`;
    await expect(checkExai(sql)).resolves.toBeUndefined();

    await sql`set session_replication_role = replica`;
    for (
      const wrong of [
        "update private.exai_issue_counts set active_blockers_count = active_blockers_count + 1 where issue_number = 7",
        "update private.exai_issue_counts set completed_count = completed_count - 1 where completed_count > 0",
        "update public.exai_issues set blocks_issues = '{}' where blocks_issues <> '{}'",
        "update private.exai_issue_search set vector = ''",
        `insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
         select e.to_issue_id, e.from_issue_id, 'parent' from public.exai_issue_relations as e
         join public.exai_issues as i on i.id = e.from_issue_id and i.status = 'closed'
         where e.kind = 'blocks' limit 1`,
      ]
    ) {
      await expect(
        sql.begin(async (tx) => {
          const { count } = await tx.unsafe(wrong);
          await checkExai(tx);
          return count;
        }),
        wrong,
      ).rejects.toThrow("agree");
      await expect(checkExai(sql)).resolves.toBeUndefined();
    }
  } finally {
    await sql.end();
  }
});
