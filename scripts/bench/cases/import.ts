import assert from "node:assert/strict";
import type postgres from "postgres";
import { single } from "../../demo/messages.ts";
import { type Bench, type BenchDatabase, type Case, loops, type Sample } from "../bench.ts";
import { countRows, growth, readTables } from "../tables.ts";
import { createMessages } from "./messages.ts";
import { disableOwnTriggers, type ImportedRows, recordImports } from "./recorded-imports.ts";

/** Operations that a connection makes before it is measured, so that its plans are made. */
const WARM_UP = 15;

const CLIENTS = [{ count: 1, each: 300 }, { count: 8, each: 75 }];

const CLIENT = "the same rows, inserts of a client";
const FUNCTION = "the same rows, inserts in a function";

type Connection = Pick<postgres.Sql, "unsafe">;

/** From an event to its issue, in one transaction. */
const ingest = (sql: Connection, body: string) =>
  sql.unsafe("select public.ingest_circle_event($1)", [body], { prepare: true });

const encode = (message: string): string => Buffer.from(message).toString("base64");

/** A database that has seen messages before: segments' tags and the chat room are known. */
async function prepareTemplate(bench: Bench): Promise<BenchDatabase> {
  const template = await bench.createDatabase("import");
  const sql = template.connect();
  try {
    await sql`
      insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
      values (880011, 'Help chat', ${single.Parent_Message.chat_room_uuid})
    `;
    for (const message of createMessages(20)) await ingest(sql, encode(message));
  } finally {
    await sql.end();
  }
  return template;
}

/** A database with connections, and what each of them is given to do. */
interface Side<Work> {
  sql: postgres.Sql[];
  /** Work that nobody has done yet. */
  work: Work[];
  perform(sql: postgres.Sql, work: Work): Promise<unknown>;
}

async function perform<Work>(side: Side<Work>, clients: number, each: number): Promise<Sample> {
  const work = side.work.splice(0, clients * each);
  assert.equal(work.length, clients * each, "there is work for every round");
  return await loops(clients, each, async (client, nth) => {
    const [sql, item] = [side.sql[client], work[client * each + nth]];
    assert(sql && item !== undefined);
    await side.perform(sql, item);
  });
}

export const importCase: Case = {
  name: "import",
  title: "An event to its issue in one transaction, and the same rows inserted with no logic",
  async prepare(bench) {
    const plans = CLIENTS.map(({ count, each }) => ({ count, each: bench.scaled(each) }));
    const warmUp = bench.scaled(WARM_UP);
    const most = Math.max(...plans.map(({ count }) => count));
    const total = most * warmUp +
      plans.reduce((sum, { count, each }) => sum + bench.rounds * count * each, 0);

    const template = await prepareTemplate(bench);
    bench.progress(`noting the rows that ${total} imports leave`);
    const recorder = await bench.createDatabase("recorder", template);
    const recorderSql = recorder.connect({ role: "supabase_admin" });
    const recording = await recordImports(
      recorderSql,
      createMessages(total),
      (tx, message) => ingest(tx, encode(message)),
    );

    const ours = await bench.createDatabase("ours", template);
    const client = await bench.createDatabase("inserts", template);
    const peer = await bench.createDatabase("rows", template);
    const admins = [ours, client, peer].map((database) => database.connect({ role: "supabase_admin" }));
    const [oursAdmin, clientAdmin, peerAdmin] = admins;
    assert(oursAdmin && clientAdmin && peerAdmin);
    await disableOwnTriggers(clientAdmin);
    await disableOwnTriggers(peerAdmin);
    await peerAdmin.unsafe(recording.peerSql);
    await peerAdmin.unsafe("grant execute on all functions in schema bench to postgres");

    const connections = (database: BenchDatabase) => Array.from({ length: most }, () => database.connect());
    const oursSide: Side<string> = {
      sql: connections(ours),
      work: createMessages(total).map(encode),
      perform: ingest,
    };
    const clientSide: Side<ImportedRows> = {
      sql: connections(client),
      work: [...recording.imports],
      perform: (sql, rows) =>
        sql.begin((tx) =>
          recording.statements.map((statement, at) =>
            tx.unsafe(statement, [rows[at] ?? ""], { prepare: true })
          )
        ),
    };
    const peerSide: Side<ImportedRows> = {
      sql: connections(peer),
      work: recording.imports,
      perform: (sql, rows) => sql.unsafe(recording.callSql, rows, { prepare: true }),
    };
    const tables = await readTables(oursAdmin);
    const before = await Promise.all(admins.map((sql) => countRows(sql, tables)));
    return {
      comparisons: plans.map(({ count, each }) => ({
        name: `import-${count}`,
        title: `an event to its issue, ${count} ${count === 1 ? "client" : "clients"}`,
        clients: `${count} ${count === 1 ? "connection" : "connections"}`,
        unit: "per second",
        contenders: [
          { name: "import", run: () => perform(oursSide, count, each) },
          { name: CLIENT, run: () => perform(clientSide, count, each) },
          { name: FUNCTION, run: () => perform(peerSide, count, each) },
        ],
        floors: [{ against: CLIENT, ratio: 0.6 }, { against: FUNCTION, ratio: 0.6 }],
        explain: () => explainImports(recorderSql, createMessages(bench.scaled(200))),
      })),
      method:
        `Each operation is one transaction on a connection of its client's own. Ours is given a raw request body ` +
        `and leaves ${
          describeRows(recording.rowsEach)
        }. The peers insert the very rows that other imports left into copies of ` +
        `the same database with its indexes, checks and foreign keys, and without our triggers: one as a client ` +
        `does, with an insert for each table, sent in one go between begin and commit; one with a single call of a ` +
        `function that holds these inserts, with all values at hand. Afterwards the databases have grown by the ` +
        `same rows, or the run fails.`,
      async warmUp() {
        await perform(oursSide, most, warmUp);
        await perform(clientSide, most, warmUp);
        await perform(peerSide, most, warmUp);
      },
      async verify() {
        const grown = await Promise.all(
          admins.map(async (sql, at) => growth(before[at] ?? new Map(), await countRows(sql, tables))),
        );
        const done = total - oursSide.work.length;
        for (const side of [clientSide, peerSide]) assert.equal(done, total - side.work.length);
        const expected = new Map([...recording.rowsEach].map(([name, each]) => [name, each * done]));
        for (const each of grown) assert.deepEqual(sorted(each), sorted(expected), "rows in the tables");
      },
      async close() {
        const all = [recorderSql, ...admins, ...oursSide.sql, ...clientSide.sql, ...peerSide.sql];
        for (const sql of all) await sql.end();
      },
    };
  },
};

/** Where the time of an import goes: the functions that take most of it, by the server's own count. */
async function explainImports(sql: postgres.Sql, messages: readonly string[]): Promise<string> {
  await sql`set track_functions = 'all'`;
  await sql`select pg_stat_reset()`;
  for (const message of messages) await sql.begin((tx) => ingest(tx, encode(message)));
  await sql`select pg_stat_force_next_flush()`;
  const functions = await sql<{ name: string; calls: string; own: string }[]>`
    select f.schemaname || '.' || f.funcname as name, round(f.calls / ${messages.length}::numeric, 1)::text as calls,
      round((f.self_time * 1000 / ${messages.length})::numeric)::text as own
    from pg_stat_user_functions as f
    order by f.self_time desc
    limit 20
  `;
  return [
    "microseconds of its own and calls an import, by function, with track_functions = all, which adds to them",
    ...functions.map(({ name, calls, own }) => `${own.padStart(6)}  ${calls.padStart(5)}  ${name}`),
  ].join("\n");
}

const sorted = (counts: ReadonlyMap<string, number>) => [...counts].sort(([a], [b]) => a < b ? -1 : 1);

function describeRows(rowsEach: ReadonlyMap<string, number>): string {
  const parts = [...rowsEach].map(([name, count]) => `${count} in \`${name.replace(/^\w+\./, "")}\``);
  return `${[...rowsEach.values()].reduce((sum, count) => sum + count, 0)} rows (${parts.join(", ")})`;
}
