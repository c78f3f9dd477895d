import assert from "node:assert/strict";
import { PgBoss } from "pg-boss";
import { type BenchDatabase, loops } from "../bench.ts";
import { createPayloads, type QueuePeer } from "./queue-peer.ts";

const QUEUE = "tasks";
/** How many jobs an insert carries. */
const CHUNK = 1000;

/** pg-boss's fetch and complete, one job at a time. Its own maintenance rests while it is measured. */
export async function openPgBoss(database: BenchDatabase, maxWorkers: number): Promise<QueuePeer> {
  const boss = new PgBoss({
    connectionString: database.url("supabase_admin"),
    max: maxWorkers,
    supervise: false,
    schedule: false,
  });
  // without a listener, an error of its timers would end the process without a word
  let failure: unknown;
  boss.on("error", (error) => failure ??= error);
  await boss.start();
  await boss.createQueue(QUEUE);
  const admin = database.connect({ role: "supabase_admin" });
  return {
    name: "pg-boss",
    async run(workers, each, count) {
      await boss.deleteAllJobs(QUEUE);
      const jobs = createPayloads(count).map((data) => ({ data }));
      for (let from = 0; from < jobs.length; from += CHUNK) {
        await boss.insert(QUEUE, jobs.slice(from, from + CHUNK));
      }
      await admin`vacuum (analyze)`;
      const sample = await loops(workers, each, async () => {
        const [job] = await boss.fetch(QUEUE);
        assert(job, "there is a job for everybody");
        await boss.complete(QUEUE, job.id);
      });
      assert.equal(failure, undefined);
      const [row] = await admin<{ done: number }[]>`
        select count(*)::integer as done from pgboss.job where name = ${QUEUE} and state = 'completed'
      `;
      assert.equal(row?.done, each * workers, "each is completed, once");
      return sample;
    },
    async close() {
      await boss.stop({ graceful: false });
      await admin.end();
    },
  };
}
