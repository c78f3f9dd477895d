import assert from "node:assert/strict";
import { Logger, run, runMigrations } from "graphile-worker";
import type { BenchDatabase, Sample } from "../bench.ts";
import { createPayloads, type QueuePeer } from "./queue-peer.ts";

const TASK = "task";
const logger = new Logger(() => () => {});

/** graphile-worker's own runner with a task that does nothing: a job at a time, no local queue. */
export async function openGraphileWorker(database: BenchDatabase): Promise<QueuePeer> {
  const connectionString = database.url("supabase_admin");
  await runMigrations({ connectionString, logger });
  const admin = database.connect({ role: "supabase_admin" });
  return {
    name: "graphile-worker",
    async run(workers, each, count) {
      await admin`truncate graphile_worker._private_jobs`;
      await admin`
        select graphile_worker.add_job(${TASK}, payload => value::json)
        from jsonb_array_elements(${JSON.stringify(createPayloads(count))}::text::jsonb)
      `;
      await admin`vacuum (analyze) graphile_worker._private_jobs`;
      const sample = await time(connectionString, workers, workers * each);
      const [row] = await admin<{ left: number }[]>`
        select count(*)::integer as left from graphile_worker._private_jobs
      `;
      assert((row?.left ?? count) <= count - workers * each, "each is done, which deletes its row");
      return sample;
    },
    close: () => admin.end(),
  };
}

/** From the first job's start until so many are written back as done. */
async function time(connectionString: string, workers: number, jobs: number): Promise<Sample> {
  const runner = await run({
    connectionString,
    logger,
    concurrency: workers,
    maxPoolSize: workers + 2,
    noHandleSignals: true,
    taskList: { [TASK]: () => {} },
  });
  let started: number | undefined;
  let done = 0;
  const sample = await new Promise<Sample>((resolve, reject) => {
    runner.events.on("job:start", () => started ??= performance.now());
    runner.events.on("job:failed", ({ error }) => reject(error));
    runner.events.on("job:complete", () => {
      if (++done === jobs) resolve({ operations: jobs, ms: performance.now() - (started ?? Number.NaN) });
    });
  });
  await runner.stop();
  return sample;
}
