import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { applyPlatform } from "./platform.ts";
import { freePort } from "./ports.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { discardFolder, scratchFolder } from "./scratch-folder.ts";

const folders = [scratchFolder("password"), scratchFolder("password")];
const running: Postgres[] = [];

async function start(dataDir: string): Promise<Postgres> {
  const server = await startPostgres({ dataDir, port: await freePort(), durable: false });
  running.push(server);
  return server;
}

async function stop(): Promise<void> {
  for (const server of running.splice(0)) await server.stop();
}

afterAll(async () => {
  await stop();
  for (const folder of folders) await discardFolder(folder);
});

/** The code of the error with which the server refuses a login, if it does. */
async function signIn(url: string): Promise<string | undefined> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`select 1`;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await sql.end();
  }
}

const known = (server: Postgres, role: string): string =>
  `postgresql://${role}:postgres@127.0.0.1:${server.port}/postgres`;

const ROLES = [
  "supabase_admin",
  "authenticator",
  "supabase_auth_admin",
  "supabase_storage_admin",
  "supabase_functions_admin",
  "supabase_replication_admin",
  "supabase_read_only_user",
];

describe("the known password", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await start(folders[0] ?? "");
    await applyPlatform(server.url("postgres", "supabase_admin"), loadConfig());
  });

  test("is that of postgres alone", async () => {
    expect(await signIn(known(server, "postgres"))).toBeUndefined();
    for (const role of ROLES) {
      expect(await signIn(known(server, role)), role).toBe("28P01");
      expect(await signIn(server.url("postgres", role)), role).toBeUndefined();
    }
  });

  test("the other one is in no statement that postgres can read, and in a file of the account's own", async () => {
    const sql = postgres(server.url(), { max: 1 });
    const texts = await sql<{ query: string }[]>`
      select query from extensions.pg_stat_statements union all select query from pg_stat_activity
    `;
    await sql.end();
    expect(texts.filter(({ query }) => query.includes(server.password))).toEqual([]);
    const file = join(folders[0] ?? "", "postgres-password");
    expect(readFileSync(file, "utf8")).toBe(server.password);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test("differs from one data folder to the next, and stays from one start to the next", async () => {
    const { password } = server;
    const other = await start(folders[1] ?? "");
    expect(other.password).not.toBe(password);
    await stop();
    server = await start(folders[0] ?? "");
    expect(server.password).toBe(password);
    expect(await signIn(server.url("postgres", "supabase_admin"))).toBeUndefined();
  });

  test("a data folder without the file, as an earlier version made it, gets another one", async () => {
    const sql = postgres(server.url("postgres", "supabase_admin"), { max: 1 });
    for (const role of ROLES) await sql`alter role ${sql(role)} password 'postgres'`;
    await sql.end();
    await stop();
    rmSync(join(folders[0] ?? "", "postgres-password"));
    server = await start(folders[0] ?? "");
    expect(await signIn(known(server, "postgres"))).toBeUndefined();
    for (const role of ROLES) {
      expect(await signIn(known(server, role)), role).toBe("28P01");
      expect(await signIn(server.url("postgres", role)), role).toBeUndefined();
    }
  });
});
