import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// The queue of the outbox, with workers, agents and reopened issues at the same time.

const WORKERS = 6;
const ENDPOINT = "0b000000-0000-4000-8000-000000000001";
const count = size(120, 5000);

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WORKERS + 2);
  await sql`
    insert into public.webhook_endpoints (id, name, url) values (${ENDPOINT}, 'Ours', 'https://example.org')
  `;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

afterEach(async () => {
  await sql`delete from public.issues`;
  await sql`delete from public.deliveries`;
  await sql`update public.webhook_endpoints set is_active = true`;
});

const enqueue = () =>
  sql`
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key)
    select 'webhook', 'event', ${ENDPOINT}, gen_random_uuid()::text from generate_series(1, ${count}::integer)
  `;

interface Lease {
  id: string;
  fencing_token: string;
}

const claim = (max: number) =>
  sql<Lease[]>`select id, fencing_token from public.claim_deliveries('webhook', ${max}, 60)`;

/** The outcome of a call that may come too late, or wait for another one that waits for it. */
async function outcome(call: PromiseLike<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    return (error as { message?: string }).message ?? "unknown";
  }
}

const statuses = async () =>
  Object.fromEntries(
    (await sql`select d.status, count(*)::integer as count from public.deliveries as d group by 1`)
      .map(({ status, count }) => [status as string, count as number]),
  );

test("each is claimed by one worker, and finished once", async () => {
  await enqueue();
  const claimed: string[] = [];
  await Promise.all(Array.from({ length: WORKERS }, async (_, worker) => {
    for (;;) {
      const leases = await claim(1 + worker * 3);
      if (leases.length === 0) return;
      claimed.push(...leases.map(({ id }) => id));
      await sql`
        select public.finish_deliveries(
          ${leases.map(({ id }) => id)}::bigint[], ${
        leases.map(({ fencing_token }) => fencing_token)
      }::bigint[]
        )
      `;
    }
  }));
  expect(new Set(claimed).size).toBe(count);
  expect(claimed).toHaveLength(count);
  expect(await statuses()).toEqual({ delivered: count });
});

test("what is finished, failed and cancelled at the same time ends once, without a deadlock", async () => {
  await enqueue();
  const leases = await claim(Math.min(count, 200));
  const outcomes = await Promise.all(leases.flatMap(({ id, fencing_token }, at) => [
    outcome(sql`select public.cancel_delivery(${id})`),
    outcome(
      at % 2 === 0
        ? sql`select public.finish_delivery(${id}, ${fencing_token})`
        : sql`select public.fail_delivery(${id}, ${fencing_token}, 'status_410', 410, null, true, true)`,
    ),
    outcome(sql`select public.finish_delivery(${id}, ${fencing_token})`),
  ]));
  const late = ["done", "loop_delivery_lease_expired", "loop_delivery_status_conflict"];
  expect(outcomes.filter((one) => !late.includes(one))).toEqual([]);
  const [row] = await sql`
    select count(*)::integer as count from public.deliveries as d
    where (d.status = 'pending') <> exists (select from private.delivery_queue as q where q.delivery_id = d.id)
  `;
  expect(row?.["count"], "pending is what is queued").toBe(0);
});

describe("an issue", () => {
  test("that several resolve and reopen at the same time answers each reporter once per generation", async () => {
    const id = randomUUID();
    await sql`insert into public.issues (id, title) values (${id}, 'Login')`;
    await sql`
      insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id)
      select (201500290 + n)::text, '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', ${id} from generate_series(1, 3) as n
    `;
    const outcomes = await Promise.all(Array.from({ length: size(24, 400) }, (_, at) =>
      outcome(
        at % 4 === 3
          ? sql`update public.issues set status = 'in_progress' where id = ${id}`
          : sql`update public.issues set status = 'resolved', resolved_by = 'Fixloop' where id = ${id}`,
      )));
    expect(new Set(outcomes)).toEqual(new Set(["done"]));
    const wrong = await sql`
      select e.generation, count(d.id)::integer as replies
      from public.loop_events as e
      left join public.deliveries as d
        on d.issue_id = e.issue_id and d.generation = e.generation and d.kind = 'fixed'
      where e.issue_id = ${id} and e.hop = 'resolved'
      group by 1 having count(d.id) <> 3
    `;
    expect([...wrong]).toEqual([]);
    const [open] = await sql`
      select count(*)::integer as count
      from public.deliveries as d join public.loop_issues as l on l.issue_id = d.issue_id
      where d.kind = 'fixed' and d.status in ('draft', 'pending') and d.generation < l.generation
    `;
    expect(open?.["count"], "nothing of an earlier generation waits").toBe(0);
  });
});

test("a reply that is approved, sent and reopened at the same time is not told, or is corrected", async () => {
  const issues = Array.from({ length: size(24, 400) }, () => randomUUID());
  for (const [at, id] of issues.entries()) {
    await sql`insert into public.issues (id, title) values (${id}, 'Login')`;
    await sql`
      insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id)
      values (${String(301500290 + at)}, 'room', ${id})
    `;
    await sql`update public.issues set status = 'resolved', resolved_by = 'Ana' where id = ${id}`;
  }
  /** A run of deliver: whoever may post, posts. */
  const send = async () => {
    const claims = await sql<Lease[]>`select id, fencing_token from public.claim_deliveries('circle', 3, 60)`;
    for (const { id, fencing_token } of claims) {
      const [row] = await sql`select public.mark_delivery_sent(${id}, ${fencing_token}) as sent_at`;
      if (row?.["sent_at"]) await sql`select public.finish_delivery(${id}, ${fencing_token})`;
    }
    return claims.length;
  };
  const outcomes = await Promise.all(issues.flatMap((id) => [
    outcome(sql`
      select public.approve_delivery(d.id) from public.deliveries as d
      where d.issue_id = ${id} and d.status = 'draft'
    `),
    outcome(sql`update public.issues set status = 'in_progress' where id = ${id}`),
    outcome(send()),
  ]));
  const late = ["done", "loop_delivery_status_conflict", "loop_delivery_lease_expired"];
  expect(outcomes.filter((one) => !late.includes(one))).toEqual([]);
  while (await send() > 0);
  expect(
    [
      ...await sql`
      select d.issue_id, d.status, r.status as correction from public.deliveries as d
      left join public.deliveries as r on r.issue_id = d.issue_id and r.kind = 'reopened'
      where d.kind = 'fixed' and (d.status, r.status) is distinct from ('delivered', 'draft')
        and (d.status, r.status) is distinct from ('cancelled', null)
    `,
    ],
  ).toEqual([]);
});
