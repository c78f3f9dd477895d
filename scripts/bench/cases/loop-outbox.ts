import assert from "node:assert/strict";
import type postgres from "postgres";
import { type Case, type Contender, loops, type Sample } from "../bench.ts";
import { openGraphileWorker } from "../peers/graphile-worker.ts";
import { openPgBoss } from "../peers/pg-boss.ts";
import { openPgmq } from "../peers/pgmq.ts";
import { createPayloads } from "../peers/queue-peer.ts";

const DELIVERIES = 6_400;
const BATCHED = 64_000;
const WORKERS = 8;
const BATCH = 50;
/** Deliveries that are left over, so that the last ones are not what many wait for. */
const SPARE = 1_000;

const ENDPOINT = "0b000000-0000-4000-8000-000000000001";
const CLAIM = "select id, fencing_token from public.claim_deliveries('webhook', $1, 60)";
const FINISH = "select public.finish_delivery($1, $2, '204')";
const FINISH_ALL = "select public.finish_deliveries($1, $2)";

/** Deliveries that are due, and nothing else. */
async function fill(admin: postgres.Sql, count: number): Promise<void> {
  const payloads = JSON.stringify(createPayloads(count));
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`truncate public.deliveries, private.delivery_queue, private.delivery_attempts`;
    await tx`
      insert into public.deliveries (id, channel, kind, endpoint_id, dedupe_key, payload)
      select p.n, 'webhook', 'event', ${ENDPOINT}, 'event:' || p.n, p.value
      from jsonb_array_elements(${payloads}::text::jsonb) with ordinality as p (value, n)
    `;
    await tx`
      insert into private.delivery_queue (delivery_id, channel, next_attempt_at)
      select d.id, d.channel, d.deliver_after from public.deliveries as d order by d.id
    `;
  });
  await admin`vacuum (analyze) public.deliveries, private.delivery_queue`;
}

async function workOne(sql: postgres.Sql): Promise<void> {
  const [lease] = await sql.unsafe(CLAIM, [1], { prepare: true });
  assert(lease, "there is a delivery for everybody");
  await sql.unsafe(FINISH, [lease.id, lease.fencing_token], { prepare: true });
}

async function workBatch(sql: postgres.Sql): Promise<void> {
  const leases = await sql.unsafe(CLAIM, [BATCH], { prepare: true });
  assert.equal(leases.length, BATCH, "there are deliveries for everybody");
  const ids = leases.map(({ id }) => id);
  await sql.unsafe(FINISH_ALL, [ids, leases.map(({ fencing_token }) => fencing_token)], { prepare: true });
}

export const loopOutboxCase: Case = {
  name: "loop-outbox",
  title: "Claiming and finishing deliveries, and other queues in PostgreSQL",
  async prepare(bench) {
    const single = Math.max(WORKERS, bench.scaled(DELIVERIES));
    const batched = Math.max(WORKERS * BATCH, bench.scaled(BATCHED));
    const ours = await bench.createDatabase("outbox");
    const admin = ours.connect({ role: "supabase_admin" });
    await admin`
      insert into public.webhook_endpoints (id, name, url) values (${ENDPOINT}, 'Bench', 'https://example.org')
    `;
    const connections = Array.from({ length: WORKERS }, () => ours.connect());
    const pgmq = await openPgmq(await bench.createDatabase("outbox_pgmq"), WORKERS);
    const peers = [
      pgmq,
      await openGraphileWorker(await bench.createDatabase("outbox_graphile")),
      await openPgBoss(await bench.createDatabase("outbox_pgboss"), WORKERS),
    ];
    const run = (count: number, batch: number) => async (): Promise<Sample> => {
      const each = Math.floor(count / WORKERS / batch);
      await fill(admin, each * batch * WORKERS + SPARE);
      const work = batch === 1 ? workOne : workBatch;
      const sample = await loops(WORKERS, each, async (client) => {
        const sql = connections[client];
        assert(sql);
        await work(sql);
      });
      const operations = sample.operations * batch;
      const [row] = await admin<{ done: number; left: number }[]>`
        select (select count(*)::integer from public.deliveries where status = 'delivered') as done,
          (select count(*)::integer from private.delivery_queue) as left
      `;
      assert.deepEqual({ ...row }, { done: operations, left: SPARE }, "each is delivered, and once");
      return { ...sample, operations };
    };
    const other = (peer: typeof pgmq): Contender => ({
      name: peer.name,
      run: () => peer.run(WORKERS, Math.floor(single / WORKERS), single + SPARE),
    });
    return {
      comparisons: [
        {
          name: "loop-outbox-1",
          title: "a delivery claimed and finished",
          clients: `${WORKERS} connections`,
          unit: "per second",
          contenders: [
            { name: "claim_deliveries and finish_delivery", run: run(single, 1) },
            ...peers.map(other),
          ],
          floors: [
            { against: "pgmq", ratio: 0.6 },
            { against: "graphile-worker", ratio: 0.4 },
            { against: "pg-boss", ratio: 2 },
          ],
        },
        {
          name: "loop-outbox-50",
          title: `deliveries claimed and finished, ${BATCH} at a time`,
          clients: `${WORKERS} connections`,
          unit: "per second",
          contenders: [
            { name: "claim_deliveries and finish_deliveries", run: run(batched, BATCH) },
            {
              name: "pgmq",
              run: () => pgmq.run(WORKERS, Math.floor(batched / WORKERS / BATCH), batched + SPARE, BATCH),
            },
          ],
          floors: [{ against: "pgmq", ratio: 1 }],
        },
      ],
      method:
        `${single} deliveries a round, one at a time, and ${batched}, ${BATCH} at a time. Each worker claims and finishes, ` +
        "each in a transaction of its own, on a connection of its own, without a pause; afterwards every delivery is " +
        "delivered, once. Ours stay, with their status and when they arrived, and a lease has a fencing token. The peers " +
        "hold the same payloads: pgmq 1.11.1 reads and archives, graphile-worker 0.18 runs a task that does nothing in " +
        "its own runner, without its local queue, pg-boss 12.38 fetches one job and completes it.",
      async close() {
        for (const sql of [admin, ...connections]) await sql.end();
        for (const peer of peers) await peer.close();
      },
    };
  },
};
