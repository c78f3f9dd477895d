import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { beforeAll, describe, expect, test } from "vitest";
import { size, some } from "../../supabase/tests/support/size.ts";
import {
  newSettings,
  postmaster,
  ready,
  type Settings,
  start,
  stopAfterTests,
  until,
} from "../../supabase/tests/support/start.ts";
import { isAlive } from "./leftover.ts";

stopAfterTests();

const VICTIMS = ["the main process", "the database server", "a database backend", "everything"];
const CYCLES = size(1, 5);

interface Load {
  answered: () => number;
  /** The titles of the issues whose insert was acknowledged. */
  acknowledged: string[];
  stop: () => Promise<void>;
}

/** Clients that read and write over the API, whatever it answers, until they are stopped. */
function loadApi(env: Record<string, string>): Load {
  let answered = 0;
  let stopped = false;
  const acknowledged: string[] = [];
  const headers = { apikey: env.SUPABASE_SECRET_KEY ?? "", "content-type": "application/json" };
  const send = async (title?: string): Promise<void> => {
    const method = title ? "POST" : "GET";
    const response = await fetch(`${env.SUPABASE_URL}/rest/v1/issues?limit=5`, {
      method,
      headers,
      ...(title ? { body: JSON.stringify({ title }) } : {}),
    });
    await response.text();
    if (!response.ok) return;
    answered++;
    if (title) acknowledged.push(title);
  };
  const clients = Array.from({ length: 4 }, async (_, number) => {
    // a request that the gateway of a killed stack does not answer
    while (!stopped) await send(number < 1 ? `Load ${randomUUID()}` : undefined).catch(() => {});
  });
  return {
    answered: () => answered,
    acknowledged,
    async stop() {
      stopped = true;
      await Promise.all(clients);
    },
  };
}

describe("after kill -9 the next start recovers by itself and no acknowledged write is lost", () => {
  let settings: Settings;
  let written = 0;
  beforeAll(async () => {
    settings = await newSettings();
  });

  test.each(Array.from({ length: CYCLES }, () => some(2, VICTIMS)).flat())(
    "%s",
    async (victim) => {
      const run = start(settings);
      const env = await ready(run);
      const server = postmaster(settings.dataDir);
      const sql = postgres(env.DATABASE_URL ?? "", { max: 1, onnotice: () => {}, backoff: () => 0 });
      await sql`create table if not exists acknowledged (n integer primary key)`;
      const [backend] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const before = written;
      const writing = (async () => {
        for (;;) {
          await sql`insert into acknowledged values (${written + 1})`;
          written++;
        }
      })().catch((error: unknown) => error);
      const api = loadApi(env);
      await until(() => written > before + 50 && api.answered() > 20 && api.acknowledged.length > 3);

      const victims: Record<string, (number | undefined)[]> = {
        "the main process": [run.process.pid],
        "the database server": [server],
        "a database backend": [backend?.pid],
        everything: [run.process.pid, server],
      };
      for (const pid of victims[victim] ?? []) process.kill(pid ?? 0, "SIGKILL");
      if (victim === "the main process") {
        await run.exited;
      } else {
        expect(await writing).toBeInstanceOf(Error);
        if (victim === "the database server") {
          expect(await run.exited).toBe(1);
          expect(run.output()).toContain("PostgreSQL stopped (SIGKILL)");
          expect(run.output()).not.toMatch(/^ +at /m);
        }
      }
      if (victim !== "a database backend") await api.stop();

      const next = victim === "a database backend" ? run : start(settings);
      await ready(next);
      if (victim === "a database backend") {
        // the server restarts itself, and every connection of the API with it
        const answered = api.answered();
        await until(() => api.answered() > answered + 20, next.output);
        expect(next.process.exitCode, next.output()).toBe(null);
        await api.stop();
      }
      await sql.end({ timeout: 0 });
      const check = postgres(env.DATABASE_URL ?? "", { max: 1 });
      await until(async () => await check`select 1`.then(() => true, () => false));
      const [row] = await check<{ count: number }[]>`
      select count(*)::integer as count from acknowledged where n <= ${written}
    `;
      expect(row?.count).toBe(written);
      await check`delete from acknowledged where n > ${written}`;
      const issues = await check<
        { title: string }[]
      >`select title from public.issues where title like 'Load %'`;
      const titles = issues.map(({ title }) => title);
      expect(new Set(titles).size, "none is there twice").toBe(titles.length);
      expect(api.acknowledged.filter((title) => !titles.includes(title))).toEqual([]);
      await check.end();
      if (victim === "the main process") expect(isAlive(server)).toBe(false);
    },
  );
});

describe("an error that nothing catches stops the stack in order, and its message is printed", () => {
  const fault = 'process.on("SIGUSR2", () => { throw new TypeError("nobody catches this"); })';
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(fault)}`;

  test.each([undefined, "starting PostgreSQL", "applying migrations"])(
    "once it is ready, or while it starts: %s",
    async (step) => {
      const settings = await newSettings();
      const run = start({ ...settings, env: { NODE_OPTIONS } });
      if (step) await until(() => run.output().includes(step), run.output);
      else await ready(run);
      run.process.kill("SIGUSR2");
      expect(await run.exited, run.output()).toBe(1);
      expect(run.output()).toContain("The stack failed (nobody catches this).");
      expect(run.output()).toContain("Start again: npm start. Committed data is kept.");
      expect(run.output()).not.toMatch(/^ +at /m);
      expect(run.output().includes("Fixloop is ready")).toBe(!step);
      expect(readFileSync(join(settings.dataDir, "failure.log"), "utf8")).toMatch(/^ +at /m);
      // of a server that goes on, the file stays
      expect(existsSync(join(settings.dataDir, "postgres/postmaster.pid"))).toBe(false);
    },
  );
});
