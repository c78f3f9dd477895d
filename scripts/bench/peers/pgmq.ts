import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type postgres from "postgres";
import { UserError } from "../../local/user-error.ts";
import { type BenchDatabase, loops, type Sample } from "../bench.ts";
import { createPayloads, type QueuePeer } from "./queue-peer.ts";

const READ = "select msg_id from pgmq.read('tasks', 300, $1)";
const ARCHIVE = "select pgmq.archive('tasks', $1::bigint)";
const ARCHIVE_ALL = "select pgmq.archive('tasks', $1::bigint[])";

/** A peer whose workers also take and finish `batch` messages at a time, `each` times. */
export interface BatchPeer extends QueuePeer {
  run(workers: number, each: number, count: number, batch?: number): Promise<Sample>;
}

/** pgmq's read and archive. */
export async function openPgmq(database: BenchDatabase, maxWorkers: number): Promise<BatchPeer> {
  const admin = database.connect({ role: "supabase_admin" });
  await createExtension(admin);
  await admin`select pgmq.create('tasks')`;
  const connections = Array.from({ length: maxWorkers }, () => database.connect({ role: "supabase_admin" }));
  return {
    name: "pgmq",
    async run(workers, each, count, batch = 1) {
      await admin`truncate pgmq.q_tasks, pgmq.a_tasks`;
      await admin`
        insert into pgmq.q_tasks (vt, message)
        select now(), value from jsonb_array_elements(${JSON.stringify(createPayloads(count))}::text::jsonb)
      `;
      await admin`vacuum (analyze) pgmq.q_tasks`;
      const sample = await loops(workers, each, async (client) => {
        const sql = connections[client];
        assert(sql);
        const messages = await sql.unsafe(READ, [batch], { prepare: true });
        assert.equal(messages.length, batch, "there are messages for everybody");
        const ids = messages.map(({ msg_id }) => msg_id);
        await (batch === 1
          ? sql.unsafe(ARCHIVE, ids, { prepare: true })
          : sql.unsafe(ARCHIVE_ALL, [ids], { prepare: true }));
      });
      const [row] = await admin<{ done: number }[]>`select count(*)::integer as done from pgmq.a_tasks`;
      assert.equal(row?.done, each * workers * batch, "each is archived, once");
      return { ...sample, operations: sample.operations * batch };
    },
    async close() {
      for (const sql of [admin, ...connections]) await sql.end();
    },
  };
}

/** Puts pgmq's own SQL, as npm carries it, among the extensions of a server on this machine, and creates it in a database. */
async function createExtension(admin: postgres.Sql): Promise<void> {
  const [row] = await admin<{ folder: string }[]>`
    select setting as folder from pg_config where name = 'SHAREDIR'
  `;
  const require = createRequire(import.meta.url);
  const archive = join(dirname(require.resolve("@electric-sql/pglite-pgmq")), "pgmq.tar.gz");
  // a new file is readable by the account that the server runs as, whatever the umask
  const tar = spawnSync(
    "tar",
    ["-xzf", archive, "-C", row?.folder ?? "", "--strip-components=2", "--no-same-owner", "--mode=a+rX"],
    { encoding: "utf8" },
  );
  if (tar.status !== 0) throw new UserError(`Could not unpack pgmq: ${tar.stderr}`, "Is `tar` installed?");
  await admin`create extension pgmq`;
}
