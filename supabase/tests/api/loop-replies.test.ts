import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FakeChatMessage } from "../../../scripts/fakes/circle.ts";
import { type Community, makeCircleDue, setUpSync, startCommunity, syncCircle } from "../support/circle.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// Replies over the real stack and a fake of Circle: from a member's message to the answer below it, once.

let community: Community;
let project: TestProject;
let sql: Sql;
let agent: Person;

beforeAll(async () => {
  community = await startCommunity();
  project = await openTestProject({ functions: { env: community.env } });
  sql = connect(project.database);
  await setUpSync(sql, community);
  agent = await signUp(project, "agnes", "agent");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await community?.fake.stop();
});

beforeEach(async () => {
  await sql`update public.loop_settings set reply_mode = 'automatic'`;
});

afterEach(async () => {
  const { state } = community.fake;
  for (const list of [state.faults, state.requests, state.mishaps]) list.length = 0;
  for (const room of state.spaces) state.roomOf(room.roomUuid ?? "").length = 0;
  await sql`delete from public.issues`;
  await sql`delete from public.circle_issues`;
  await sql`delete from private.provider_pauses`;
});

const deliver = () => runFunction(project, "deliver");

/** A member's message, which circle-sync imports and an agent makes an issue of. */
async function report(body: string): Promise<{ root: FakeChatMessage; issueId: string }> {
  const root = community.fake.state.write(community.help, community.ana, body);
  await makeCircleDue(sql);
  await syncCircle(project);
  const issue = await rows(agent.client.from("issues").insert({ title: body }).select("id").single());
  await rows(
    agent.client.from("circle_issues").update({ mapped_to_issue_id: issue.id })
      .eq("message_id", String(root.id)).select("id").single(),
  );
  return { root, issueId: issue.id };
}

/** The fix is known, and the issue resolves. */
async function fix(issueId: string): Promise<void> {
  await sql`select private.record_loop_event(${issueId}, 'fixed', now(), null, 'EXAI-1')`;
  await rows(agent.client.from("issues").update({ status: "resolved" }).eq("id", issueId).select("id"));
}

const answers = (root: FakeChatMessage) =>
  community.fake.state.repliesTo(root).map(({ author, body }) => `${author.name}: ${body.split("\n")[0]}`);
const FIXED = /^Fix Bot: What you reported, “.*”, is fixed\./;

/** As if so much time had passed. */
const pass = (seconds: number) =>
  sql`
    update private.delivery_queue as q set
      next_attempt_at = q.next_attempt_at - make_interval(secs => ${seconds}),
      sent_at = q.sent_at - make_interval(secs => ${seconds})
  `;

const answered = async (issueId: string) =>
  (await sql`
    select e.generation, e.reference from public.loop_events as e
    where e.issue_id = ${issueId} and e.hop = 'answered' order by e.id
  `).map(({ generation, reference }) => `${generation} ${reference}`);

describe("a member who reported", () => {
  test("reads the answer below their message, the ledger knows, and the sync skips it", async () => {
    const { root, issueId } = await report("Login loops");
    await fix(issueId);
    expect(await deliver()).toMatchObject({ delivered: 1, failed: 0 });
    expect(answers(root)).toEqual([expect.stringMatching(FIXED)]);
    expect(await answered(issueId)).toEqual([`1 ${root.id}`]);
    const [delivery] = await rows(agent.client.from("deliveries").select("status, reference"));
    expect(delivery).toEqual({
      status: "delivered",
      reference: String(community.fake.state.repliesTo(root)[0]?.id),
    });
    await makeCircleDue(sql);
    await syncCircle(project);
    expect(await sql`select count(*)::integer as count from public.circle_replies`).toEqual([{ count: 0 }]);
    expect(await deliver()).toMatchObject({ claimed: 0 });
  });

  test("waits for an agent where replies are drafts, who changes the text", async () => {
    await sql`update public.loop_settings set reply_mode = 'draft'`;
    const { root, issueId } = await report("Export fails");
    await fix(issueId);
    expect(await deliver()).toMatchObject({ claimed: 0 });
    const [draft] = await rows(agent.client.from("deliveries").select("id, status"));
    expect(draft?.status).toBe("draft");
    await rows(
      agent.client.from("deliveries").update({ body: "Fixed in 2.4.1." }).eq("id", draft?.id ?? 0).select(
        "id",
      ),
    );
    await rows(agent.client.rpc("approve_delivery", { id: draft?.id ?? 0 }));
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(answers(root)).toEqual(["Fix Bot: Fixed in 2.4.1."]);
  });

  test("reads it in each generation once", async () => {
    const { root, issueId } = await report("Import fails");
    for (const generation of [1, 2]) {
      await fix(issueId);
      expect(await deliver()).toMatchObject({ delivered: 1 });
      expect(answers(root)).toHaveLength(generation);
      await rows(
        agent.client.from("issues").update({ status: "in_progress" }).eq("id", issueId).select("id"),
      );
    }
    expect(await answered(issueId)).toEqual([`1 ${root.id}`, `2 ${root.id}`]);
  });
});

describe("exactly once", () => {
  // one that is late: supabase/functions/deliver/circle.test.ts
  test("where Circle accepts it and loses it", async () => {
    const { root, issueId } = await report("Search is slow");
    await fix(issueId);
    community.fake.state.mishaps.push({ kind: "dropped", times: 1 });
    expect(await deliver()).toMatchObject({ delivered: 0, failed: 1 });
    expect(await deliver()).toMatchObject({ claimed: 0 });
    await pass(300);
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(answers(root)).toEqual([expect.stringMatching(FIXED)]);
    expect(await answered(issueId)).toEqual([`1 ${root.id}`]);
  });

  test("where several runs begin at the same time", async () => {
    const reports = [await report("One fails"), await report("Two fails"), await report("Three fails")];
    for (const { issueId } of reports) await fix(issueId);
    await Promise.all([deliver(), deliver(), deliver()]);
    for (const { root } of reports) expect(answers(root)).toEqual([expect.stringMatching(FIXED)]);
  });

  test("where the run is killed between the post and its end", async () => {
    const { root, issueId } = await report("Upload fails");
    await fix(issueId);
    const [claim] = await sql`
      select id, fencing_token, payload, body from public.claim_deliveries('circle', 1, 60)
    `;
    await sql`select public.mark_delivery_sent(${claim?.["id"]}, ${claim?.["fencing_token"]})`;
    const { state } = community.fake;
    const text = `${claim?.["body"]}\n\n(Ref: ${claim?.["payload"].marker})`;
    state.write(community.help, community.bot, text, { parent: root });
    expect(await deliver()).toMatchObject({ claimed: 0 });
    await pass(61);
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(answers(root)).toEqual([expect.stringMatching(FIXED)]);
  });

  test("where Circle is slow, limits us and fails", async () => {
    const { root, issueId } = await report("Sync fails");
    await fix(issueId);
    const { faults } = community.fake.state;
    faults.push({ status: 429, headers: { "retry-after": "1" } });
    expect(await deliver()).toMatchObject({ failed: 1 });
    await sql`delete from private.provider_pauses`;
    await pass(600);
    faults.push({ method: "POST", path: "chat_room_messages", status: 504 });
    expect(await deliver()).toMatchObject({ failed: 1 });
    await pass(600);
    faults.push({ delayMs: 500, times: 4 });
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(answers(root)).toEqual([expect.stringMatching(FIXED)]);
    expect(community.fake.state.roomOf(root.roomUuid)).toHaveLength(2);
  });
});
