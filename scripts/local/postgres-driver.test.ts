import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { startProxy } from "../../supabase/tests/support/proxy.ts";
import { ROOT } from "./paths.ts";
import { changeSource, openDriver } from "./postgres-driver.ts";

let database: TestDatabase;
let admin: Sql;
beforeAll(async () => {
  database = await createDatabase("platform");
  admin = connect(database, "supabase_admin", 1);
});
afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

/** A pool of one connection, so that whoever is next gets the one that was lost. */
const open = (): Sql =>
  openDriver(database.url("supabase_admin"), { max: 1, backoff: () => 0.05, onnotice: () => {} });

/** Ends a backend, and returns when it is gone. */
async function end(pid: number | undefined): Promise<void> {
  await admin`select pg_terminate_backend(${pid ?? 0})`;
  await expect.poll(() => admin`select from pg_stat_activity where pid = ${pid ?? 0}`).toHaveLength(0);
}

const exists = async (table: string) =>
  (await admin<{ is_there: boolean }[]>`select to_regclass(${table}) is not null as is_there`)[0]?.is_there;

describe("a connection that the server ends", () => {
  test("fails every later statement of its transaction, and none of it runs on the next connection", async () => {
    const sql = open();
    const transaction = sql.begin(async (by) => {
      const [row] = await by<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await end(row?.pid);
      await expect(by`select 1`).rejects.toThrow();
      // the pool has opened its connection again, for somebody else
      const other = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      expect(other[0]?.pid).not.toBe(row?.pid);
      await expect(by.unsafe("create table public.leaked ()")).rejects.toMatchObject({
        code: "CONNECTION_CLOSED",
      });
    });
    await expect(transaction).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(await exists("public.leaked")).toBe(false);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end({ timeout: 5 });
  });

  test("the same for one that is reserved, which is not released twice", async () => {
    const sql = open();
    const reserved = await sql.reserve();
    const [row] = await reserved<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await end(row?.pid);
    await expect(reserved`select 1`).rejects.toThrow();
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await expect(reserved.unsafe("create table public.leaked ()")).rejects.toMatchObject({
      code: "CONNECTION_CLOSED",
    });
    reserved.release();
    expect(await exists("public.leaked")).toBe(false);
    const again = await sql.reserve();
    expect(await again`select 2 as two`).toEqual([{ two: 2 }]);
    again.release();
    await sql.end({ timeout: 5 });
  });

  // its error and its end come in one go or one after the other: in one of twenty the next statement comes between
  test.each(Array.from({ length: 40 }, (_, n) => n))(
    "during a statement, fails it, and the pool ends (%i)",
    async () => {
      const sql = open();
      const reserved = await sql.reserve();
      const [row] = await reserved<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const sleeping = expect(reserved`select pg_sleep(60)`).rejects.toThrow();
      await end(row?.pid);
      await sleeping;
      reserved.release();
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
      await sql.end();
    },
  );
});

describe("a connection that the network resets", () => {
  // the socket's error comes before its end
  test("during a statement: the pool ends, also where it is asked to between the two", async () => {
    const proxy = await startProxy(database.url("supabase_admin"));
    const sql = openDriver(proxy.url, { max: 1, backoff: () => 0.05, onnotice: () => {} });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    const ended = sql`select pg_sleep(60)`.then(() => "done", () => sql.end());
    await expect.poll(() =>
      admin`select from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(60)'`
    )
      .toHaveLength(1);
    proxy.reset();
    await ended;
    await proxy.stop();
  });

  // an unhandled rejection would end the process
  test("while it opens, in the driver's own query: whoever waits for it gets the error", async () => {
    const proxy = await startProxy(database.url("supabase_admin"));
    proxy.resetAt("pg_catalog.pg_type");
    const sql = openDriver(proxy.url, { max: 1, backoff: () => 0.05, onnotice: () => {} });
    await expect(sql`select 1 as one`).rejects.toThrow(/ECONNRESET|CONNECTION_CLOSED/);
    await sql.end();
    await proxy.stop();
  });
});

describe("the changes of the package", () => {
  const sourceOf = (name: string) => readFileSync(join(ROOT, "node_modules/postgres/src", name), "utf8");

  test.each(["connection.js", "index.js"])("%s has each text that is replaced", (name) => {
    const source = sourceOf(name);
    const changed = changeSource(name, source);
    expect(changed).not.toBe(source);
    expect(() => changeSource(name, changed.replaceAll("socket", "plug").replaceAll("reserve", "keep")))
      .toThrow(
        /^scripts\/local changes postgres \d+\.\d+\.\d+: .* lacks or repeats/,
      );
  });
});
