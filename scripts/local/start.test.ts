import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { listProcesses } from "../../supabase/tests/support/processes.ts";
import {
  isRoot,
  newFolder,
  newSettings,
  NODE,
  postmaster,
  ready,
  type Run,
  type Settings,
  slowdown,
  start,
  stop,
  stopAfterTests,
  until,
} from "../../supabase/tests/support/start.ts";
import { withConnection } from "../connection.ts";
import { isAlive } from "./leftover.ts";
import { ROOT } from "./paths.ts";
import { freePort } from "./ports.ts";

stopAfterTests();

// a full disk needs the right to mount one
const disk = join(newFolder(), "disk");
mkdirSync(disk);
const mounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", "size=120m", "tmpfs", disk]).status === 0;

afterAll(() => {
  if (mounted) spawnSync("umount", [disk]);
});

/** A folder that the first test leaves with data: a start on it takes a third of one on an empty folder. */
let used: Settings | undefined;
const usedSettings = async (): Promise<Settings> => used ?? await newSettings();

/** Runs a step as the superuser of a stack's cluster. */
const asAdmin = <T>({ dataDir, dbPort }: Settings, step: (by: postgres.Sql) => Promise<T>): Promise<T> => {
  const password = readFileSync(join(dataDir, "postgres-password"), "utf8");
  return withConnection(`postgresql://supabase_admin:${password}@127.0.0.1:${dbPort}/postgres`, step);
};

describe("a start on an empty folder", () => {
  test("answers within 15 s, writes URLs and keys, and ends cleanly on SIGTERM; the next one takes under 5 s", async () => {
    const settings = await newSettings();
    const began = performance.now();
    const run = start(settings);
    const env = await ready(run);
    expect(performance.now() - began).toBeLessThan(15_000 * slowdown());
    expect(Object.keys(env).sort()).toEqual([
      "CIRCLE_WEBHOOK_URL",
      "DATABASE_URL",
      "GITHUB_WEBHOOK_URL",
      "SUPABASE_PUBLISHABLE_KEY",
      "SUPABASE_SECRET_KEY",
      "SUPABASE_URL",
    ]);
    expect(env.SUPABASE_URL).toBe(`http://127.0.0.1:${settings.apiPort}`);
    const webhook = await fetch(env.CIRCLE_WEBHOOK_URL ?? "", { method: "POST", body: "{}" });
    expect(webhook.status).toBe(202);
    const sql = postgres(env.DATABASE_URL ?? "", { max: 1 });
    expect(await sql`select current_user, rolsuper from pg_roles where rolname = current_user`).toEqual([
      { current_user: "postgres", rolsuper: false },
    ]);
    // a transaction that somebody forgot to end holds its locks no longer than that
    expect(await sql`show idle_in_transaction_session_timeout`).toEqual([
      { idle_in_transaction_session_timeout: "5min" },
    ]);
    await sql.end();

    const signUp = await fetch(`${env.SUPABASE_URL}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: env.SUPABASE_PUBLISHABLE_KEY ?? "", "content-type": "application/json" },
      body: JSON.stringify({ email: "ana@example.org", password: "a-long-password" }),
    });
    expect(signUp.status).toBe(200);
    await until(() => run.output().includes("/auth/v1/verify?"), run.output);
    expect(run.output()).toContain("[mail] To: ana@example.org");
    expect(run.output()).toMatch(/\[mail\] Confirm your signup with this code: \d{6}/);
    expect(run.output()).toContain(`[mail] Or follow this link: ${env.SUPABASE_URL}/auth/v1/verify?`);

    const server = postmaster(settings.dataDir);
    expect(await stop(run)).toBe(0);
    expect(isAlive(server)).toBe(false);
    expect(existsSync(join(settings.dataDir, "env"))).toBe(false);

    const warm = performance.now();
    const again = start(settings);
    await ready(again);
    used = settings;
    expect(performance.now() - warm).toBeLessThan(5_000 * slowdown());
  });

  test("a data folder of an earlier version gets what it lacks, and no default privileges", async () => {
    const settings = await usedSettings();
    const state = (by: postgres.Sql) =>
      by`
        select to_regclass('auth.mfa_amr_claims') is not null as has_table,
          (select array_agg(d::text order by d::text) from pg_default_acl as d) as privileges
      `;
    const run = start(settings);
    await ready(run);
    const before = await asAdmin(settings, async (by) => {
      const [row] = await state(by);
      await by`drop table auth.mfa_amr_claims`;
      return row;
    });
    expect(before?.has_table).toBe(true);
    expect(await stop(run)).toBe(0);
    await ready(start(settings));
    expect(await asAdmin(settings, state)).toEqual([before]);
  });

  // here, since a role belongs to the whole cluster, which other tests share
  test("a role that is taken from authenticator while the API runs is refused", async () => {
    const settings = await usedSettings();
    const run = start(settings);
    const env = await ready(run);
    const ask = async () => {
      const response = await fetch(`${env.SUPABASE_URL}/rest/v1/issues?select=id`, {
        headers: { apikey: env.SUPABASE_SECRET_KEY ?? "" },
      });
      return [response.status, await response.json()];
    };
    expect((await ask())[0]).toBe(200);
    await asAdmin(settings, (by) => by`revoke service_role from authenticator`);
    try {
      expect(await ask()).toEqual([
        403,
        expect.objectContaining({
          code: "42501",
          message: 'permission denied to set role "service_role"',
        }),
      ]);
    } finally {
      await asAdmin(settings, (by) => by`grant service_role to authenticator`);
    }
    expect(await stop(run)).toBe(0);
  });

  test("with --from-schemas builds the database from the schema files, and deletes it at the end", async () => {
    const settings = await newSettings();
    const dataDir = join(settings.dataDir, "from-schemas");
    const run = { ...start({ ...settings, args: ["--from-schemas"] }), dataDir };
    const env = await ready(run);
    const sql = postgres(env.DATABASE_URL ?? "", { max: 1 });
    const [row] = await sql`
      select (select count(*) > 2 from public.issues where 'sample' = any (tags)) as is_seeded,
        not exists (select from supabase_migrations.schema_migrations) as has_no_migrations
    `;
    expect(row).toEqual({ is_seeded: true, has_no_migrations: true });
    await sql.end();
    expect(await stop(run)).toBe(0);
    expect(existsSync(dataDir)).toBe(false);

    const both = start({ ...settings, args: ["--from-schemas", "--reset"] });
    expect(await both.exited).toBe(1);
    expect(both.output()).toContain("--reset and --from-schemas don't go together.");
  });
});

/** Proportional set size of a run and all its descendants, in MB. */
function memoryOf(run: Run): number {
  const list = listProcesses();
  const family = new Set([run.process.pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const { pid, parent } of list) if (family.has(parent)) family.add(pid);
  }
  expect(family.size).toBeGreaterThan(5);
  const kilobytes = [...family].map((pid) => {
    const rollup = existsSync(`/proc/${pid}/smaps_rollup`)
      ? readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
      : "";
    return Number(rollup.match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, part) => sum + part, 0) / 1024;
}

describe("a start that cannot succeed reports the reason and what to do, and breaks nothing", () => {
  test.each([["API_PORT", "apiPort"], ["DB_PORT", "dbPort"]] as const)(
    "port in use (%s)",
    async (name, key) => {
      const settings = await newSettings();
      const other = createServer().listen(settings[key], "127.0.0.1");
      await new Promise((resolve) => other.once("listening", resolve));
      const run = start(settings);
      expect(await run.exited).toBe(1);
      expect(run.output()).toContain(`Port ${settings[key]} is in use.`);
      expect(run.output()).toContain(`${name}=`);
      await new Promise((resolve) => other.close(resolve));
    },
  );

  test.each([["API_PORT", "http"], ["DB_PORT", "70000"]])(
    "%s=%s, which is not a port",
    async (name, value) => {
      const settings = await newSettings();
      const child = spawnSync(NODE, [join(ROOT, "scripts/local/start.ts")], {
        env: { ...process.env, DATA_DIR: settings.dataDir, [name]: value },
        encoding: "utf8",
      });
      expect(child.status).toBe(1);
      expect(child.stderr).toContain(`${name}=${value} is not a port.`);
    },
  );

  test("a data folder of another version", async () => {
    const settings = await newSettings();
    const cluster = join(settings.dataDir, "postgres");
    mkdirSync(cluster, { recursive: true });
    writeFileSync(join(cluster, "PG_VERSION"), "16\n");
    const run = start(settings);
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain("was created by PostgreSQL 16; this is PostgreSQL 17.");
    expect(run.output()).toContain("--reset");
    expect(readFileSync(join(cluster, "PG_VERSION"), "utf8")).toBe("16\n");
  });

  test("a data folder that cannot be created", async () => {
    const settings = await newSettings();
    writeFileSync(settings.dataDir, "a file");
    const run = start(settings);
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain(`The data folder ${settings.dataDir} cannot be written`);
  });

  test("a second start on the same folder; the first continues, with less than 600 MB of memory", async () => {
    const settings = await usedSettings();
    const run = start(settings);
    const env = await ready(run);
    expect(memoryOf(run)).toBeLessThan(600);
    const second = start({ ...settings, apiPort: await freePort(), dbPort: await freePort() });
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(
      `A stack is already running on ${settings.dataDir} (process ${run.process.pid}).`,
    );
    expect(existsSync(join(settings.dataDir, "env"))).toBe(true);
    expect(
      (await fetch(`${env.SUPABASE_URL}/auth/v1/settings`, {
        headers: { apikey: env.SUPABASE_SECRET_KEY ?? "" },
      })).status,
    )
      .toBe(200);
  });

  test.runIf(mounted)("a full disk", async () => {
    const run = start({ ...await newSettings(), dataDir: join(disk, "data") });
    expect(await run.exited).toBe(1);
    expect(run.output()).toMatch(/The disk that holds .* is full\./);
    expect(run.output()).toContain("Free at least 200 MB");
  });
});

describe("accounts", () => {
  const nobody = 65534;
  const canBeNobody = isRoot &&
    spawnSync(NODE, ["--version"], { uid: nobody, gid: nobody, cwd: "/" }).status === 0;

  test("an ordinary user can start it with --reset on data of another version", async () => {
    const settings = await newSettings();
    const cluster = join(settings.dataDir, "postgres");
    mkdirSync(cluster, { recursive: true });
    writeFileSync(join(cluster, "PG_VERSION"), "16\n");
    const made = [join(settings.dataDir, ".."), settings.dataDir, cluster, join(cluster, "PG_VERSION")];
    if (canBeNobody) { for (const path of made) chownSync(path, nobody, nobody); }
    const run = start({ ...settings, ...(canBeNobody ? { uid: nobody } : {}), args: ["--reset"] });
    await ready(run);
    expect(readFileSync(join(cluster, "PG_VERSION"), "utf8")).toBe("17\n");
  });

  test.runIf(isRoot)("root can start it on a folder that only root can reach", async () => {
    const settings = await newSettings();
    const hidden = join(newFolder(), "hidden");
    mkdirSync(hidden, { mode: 0o700 });
    const run = start({ ...settings, dataDir: join(hidden, "data") });
    await ready(run);
    const home = readFileSync(join(hidden, "data/postgres-home"), "utf8").trim();
    expect(await stop(run)).toBe(0);
    rmSync(home, { recursive: true, force: true });
  });
});
