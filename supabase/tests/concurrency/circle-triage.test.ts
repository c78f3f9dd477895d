import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Sql, TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";
import { useWordRules } from "../support/word-rules.ts";

// Imports, retries and replays while people triage, edit and delete what is imported, all concurrently: nothing ends in a
// deadlock, and nothing is lost or doubled.

const LANES = 8;
const ROUNDS = size(20, 60);
const MESSAGES = 4;
const SEED = 20261121;
const AGENT = "00000000-0000-4000-8000-000000000001";
const ADMIN = "00000000-0000-4000-8000-000000000002";
/** What a person may be told who decides about a message that somebody else decides about in that moment. */
const ANSWERS = ["tracker_circle_issue_conflict", "tracker_issue_unknown"];

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", LANES);
  await useWordRules(sql);
  await sql`insert into auth.users (id, email) values (${AGENT}, 'agnes@example.org'), (${ADMIN}, 'adam@example.org')`;
  await sql`insert into public.team_members (user_id, role) values (${AGENT}, 'agent'), (${ADMIN}, 'admin')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** Whose numbers differ decides which message, version and reply an action is about. */
type Action = (a: number, b: number, c: number) => Promise<unknown>;

const message = (a: number, b: number, c: number) => ({
  Type: "thread",
  Parent_Message: {
    message_id: 1 + a % MESSAGES,
    parent_sender: "Ana Ruiz",
    parent_body: `version ${b % 40}`,
    created_at: "2026-03-02T09:14:05Z",
    edited_at: new Date(Date.UTC(2026, 2, 3) + (b % 40) * 1000).toISOString(),
  },
  Replies: [{ reply_index: 1, message_id: 1000 + c % 12, body: `reply ${c % 12}`, "replier 1": "Lee Park" }],
  Issue_Details: {
    is_issue: b % 2 === 0,
    issue_title: `Title ${b % 40}`,
    type: b % 3 === 0 ? "Tool" : "Auth",
  },
});

const encoded = (payload: unknown): string => Buffer.from(JSON.stringify(payload)).toString("base64");

const as = (person: string, step: (by: TransactionSql) => Promise<unknown>): Promise<unknown> =>
  sql.begin(async (by) => {
    const claims = JSON.stringify({ sub: person, role: "authenticated" });
    await by`select set_config('request.jwt.claims', ${claims}, true), set_config('role', 'authenticated', true)`;
    await step(by);
  });

/** As an agent with a message, where it is there. */
const triage = (a: number, step: (by: TransactionSql, id: string) => Promise<unknown>): Promise<unknown> =>
  as(AGENT, async (by) => {
    const [row] = await by<{ id: string }[]>`
      select id from public.circle_issues where message_id = ${String(1 + a % MESSAGES)}
    `;
    if (row) await step(by, row.id);
  });

const issueOf = (a: number) =>
  sql`(select mapped_to_issue_id from public.circle_issues where message_id = ${String(1 + a % MESSAGES)})`;

const rows = () =>
  Promise.all([
    sql`select * from public.circle_issues order by message_id`,
    sql`select * from public.circle_replies order by message_id`,
    sql`select * from public.issues order by id`,
    sql`select * from public.issue_import_logs order by id`,
  ]);

const actions: Action[] = [
  (a, b, c) =>
    sql`select public.ingest_circle_event(${
      encoded([message(a, b, c), message(b, c, a), message(c, a, b)])
    })`,
  (a, b, c) => sql`select public.receive_circle_event(${encoded(message(a, b, c))})`,
  async () => {
    await sql`
      update private.inbox_events set next_attempt_at = now()
      where id in (select id from private.inbox_events where next_attempt_at is not null for update skip locked)
    `;
    await sql`select private.run_inbox_events('circle', 5)`;
  },
  () => as(ADMIN, (by) => by`select public.replay_circle_events('-infinity', 'infinity', 20)`),
  (a) => triage(a, (by, id) => by`select public.import_circle_issue(${id})`),
  (a, b) =>
    triage(a, (by, id) =>
      by`
      select public.import_circle_issue(${id}, c.mapped_to_issue_id) from public.circle_issues as c
      where c.message_id = ${String(1 + b % MESSAGES)} and c.mapped_to_issue_id is not null
    `),
  (a) => triage(a, (by, id) => by`select public.dismiss_circle_issue(${id})`),
  (a) => triage(a, (by, id) => by`select public.return_circle_issue(${id})`),
  (a) => as(ADMIN, (by) => by`delete from public.issues where id = ${issueOf(a)}`),
  (a, b) =>
    as(AGENT, (by) =>
      by`
      update public.issues set title = ${`By hand ${b}`}, tags = array['mine'] where id = ${issueOf(a)}
    `),
];

test("imports, retries, replays, triage, edits and deletions at once", async () => {
  const numbers = fc.tuple(fc.nat({ max: actions.length - 1 }), fc.nat(), fc.nat(), fc.nat());
  const queue = fc.sample(numbers, { numRuns: LANES * ROUNDS, seed: SEED });
  const unexpected: unknown[] = [];
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [at, a, b, c] = next;
      try {
        await actions[at]?.(a, b, c);
      } catch (error) {
        if (!(error instanceof Error) || !ANSWERS.includes(error.message)) unexpected.push(error);
      }
    }
  }));
  expect(unexpected).toEqual([]);

  const events =
    await sql`select distinct status, error from private.inbox_events where status <> 'received'`;
  expect(events).toEqual([{ status: "processed", error: null }]);
  await sql`update private.inbox_events set next_attempt_at = now() where next_attempt_at is not null`;
  await sql`select private.run_inbox_events('circle', 1000)`;
  expect(await sql`select from private.inbox_events where status <> 'processed'`).toHaveLength(0);

  const lost = await sql`
    select distinct r ->> 'message_id' as message_id
    from private.inbox_events as e, jsonb_path_query(convert_from(e.body, 'UTF8')::jsonb, '$[*].Replies[*]') as r
    where r ->> 'message_id' not in (select message_id from public.circle_replies)
  `;
  expect(lost).toEqual([]);
  const unlogged = await sql`
    select c.message_id from public.circle_issues as c
    where c.mapped_to_issue_id is not null and not exists (
      select from public.issue_import_logs as l
      where l.circle_issue_id = c.id and l.issue_id = c.mapped_to_issue_id
    )
  `;
  expect(unlogged).toEqual([]);

  // the rows are the result of all that was sent: nothing changes when it is processed again
  const before = await rows();
  await sql`select public.replay_circle_events('-infinity', 'infinity', 10000)`;
  expect(await rows()).toEqual(before);
});

/** What failed of calls that were made at the same moment. */
async function collide(calls: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const ended = await Promise.allSettled(calls.map((call) => call()));
  return ended.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
}

const envelope = (id: number, title: string, reply: number) => ({
  Type: "thread",
  Parent_Message: { message_id: id, parent_sender: "Ana Ruiz", parent_body: title },
  Replies: [{ reply_index: 1, message_id: reply, body: title, "replier 1": "Lee Park" }],
  Issue_Details: { is_issue: true, issue_title: title, type: "Tool" },
});

const ingest = (payload: unknown) => sql`select public.ingest_circle_event(${encoded(payload)})`;

test("two messages, each imported into the issue that was the other one's", async () => {
  await ingest([envelope(5001, "One", 6001), envelope(5002, "Two", 6002)]);
  const stored = await sql<{ id: string; issue: string }[]>`
    select id, mapped_to_issue_id as issue from public.circle_issues where message_id in ('5001', '5002')
    order by message_id
  `;
  const [one, two] = stored;
  if (!one || !two) throw new Error("both messages are stored");
  const back = (id: string) => as(AGENT, (by) => by`select public.return_circle_issue(${id})`);
  const into = (id: string, issue: string) =>
    as(AGENT, (by) => by`select public.import_circle_issue(${id}, ${issue})`);
  for (let round = 0; round < 60; round++) {
    await back(one.id);
    await back(two.id);
    expect(await collide([() => into(one.id, two.issue), () => into(two.id, one.issue)])).toEqual([]);
  }
});

test("two messages that take each other's replies", async () => {
  for (let round = 0; round < 60; round++) {
    const failed = await collide([
      () => ingest(envelope(5003, `Three ${round}`, 6003 + round % 2)),
      () => ingest(envelope(5004, `Four ${round}`, 6004 - round % 2)),
    ]);
    expect(failed).toEqual([]);
  }
  const errors = await sql`select error from private.inbox_events where error is not null`;
  expect(errors).toEqual([]);
});

const post = (id: number, title: string) => ({
  id,
  name: title,
  slug: "post",
  space_id: 5,
  body_plain_text: "The export crashes with an error",
  created_at: "2026-03-01T08:00:00Z",
});

const comment = (id: number, postId: number, body: string, second: number) => ({
  id,
  post_id: postId,
  body,
  created_at: "2026-03-01T09:00:00Z",
  updated_at: new Date(Date.UTC(2026, 2, 3) + second * 1000).toISOString(),
});

test("two posts that take each other's comments", async () => {
  await ingest([post(5005, "Crash five"), post(5006, "Crash six")]);
  for (let round = 0; round < 60; round++) {
    const [one, two] = round % 2 === 0 ? [5005, 5006] : [5006, 5005];
    const failed = await collide([
      () => ingest([comment(6005, one, `Five ${round}`, round), post(one, `Crash ${round}`)]),
      () => ingest([comment(6006, two, `Six ${round}`, round), post(two, `Crash ${round}`)]),
    ]);
    expect(failed).toEqual([]);
  }
});

test("a comment's import waits for the issue that loses it before it locks a message", async () => {
  await ingest([post(5007, "Crash seven"), post(5008, "Crash eight"), comment(6007, 5007, "Mine", 0)]);
  const [owner] = await sql<{ issue: string }[]>`
    select c.mapped_to_issue_id as issue
    from public.circle_replies as r join public.circle_issues as c on c.id = r.circle_issue_id
    where r.message_id = 'comment_6007'
  `;
  if (!owner) throw new Error("the comment is stored");
  const session = await sql.reserve();
  try {
    await session`begin`;
    await session`select from public.issues where id = ${owner.issue} for update`;
    const moved = ingest(comment(6007, 5008, "Moved", 60)).execute();
    await expect.poll(async () => {
      const [waiting] = await sql<{ count: number }[]>`
        select count(*)::integer as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
      `;
      return waiting?.count;
    }).toBe(1);
    const free = await session`
      select from public.circle_issues where message_id in ('post_5007', 'post_5008') for update nowait
    `;
    expect(free).toHaveLength(2);
    await session`rollback`;
    await moved;
  } finally {
    session.release();
  }
});
