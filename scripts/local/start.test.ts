import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { listProcesses } from "../../supabase/tests/support/processes.ts";
import { size } from "../../supabase/tests/support/size.ts";
import { ROOT } from "./paths.ts";
import { freePort } from "./ports.ts";
import { scratchFolder } from "./scratch-folder.ts";

// `npm start` as a user runs it: in its own process, with its own folder and ports.

// a start takes seconds, and minutes on a machine that is busy with other work
vi.setConfig({ testTimeout: 180_000 });

const NODE = join(ROOT, "node_modules/.bin/node");
const isRoot = process.getuid?.() === 0;
const started: Run[] = [];
const folders: string[] = [];

interface Run {
  process: ChildProcess;
  dataDir: string;
  output: () => string;
  exited: Promise<number | null>;
}

interface Settings {
  dataDir: string;
  apiPort: number;
  dbPort: number;
  args?: string[];
  uid?: number;
}

const newFolder = (): string => {
  const folder = scratchFolder("start");
  folders.push(folder);
  return folder;
};

const newSettings = async (): Promise<Settings> => ({
  dataDir: join(newFolder(), "data"),
  apiPort: await freePort(),
  dbPort: await freePort(),
});

// a full disk needs the right to mount one
const disk = join(newFolder(), "disk");
mkdirSync(disk);
const mounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", "size=120m", "tmpfs", disk]).status === 0;

function start(settings: Settings): Run {
  const child = spawn(NODE, [join(ROOT, "scripts/local/start.ts"), ...settings.args ?? []], {
    cwd: ROOT,
    env: {
      ...process.env,
      DATA_DIR: settings.dataDir,
      API_PORT: String(settings.apiPort),
      DB_PORT: String(settings.dbPort),
      NO_COLOR: "1",
      ...(settings.uid ? { HOME: settings.dataDir } : {}),
    },
    ...(settings.uid ? { uid: settings.uid, gid: settings.uid } : {}),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const run = { process: child, dataDir: settings.dataDir, output: () => output, exited };
  started.push(run);
  return run;
}

/** Waits until the run wrote its environment file, which it does once everything answers. */
async function ready(run: Run): Promise<Record<string, string>> {
  const file = join(run.dataDir, "env");
  await until(() => existsSync(file) || run.process.exitCode !== null, run.output);
  expect(run.process.exitCode, run.output()).toBe(null);
  return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
}

async function stop(run: Run): Promise<number | null> {
  run.process.kill("SIGTERM");
  return await run.exited;
}

async function until(
  condition: () => boolean | Promise<boolean>,
  state: () => string = () => "",
): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`the condition was not met in two minutes; ${state()}`);
    await sleep(20);
  }
}

/**
 * How much slower than an idle machine this one is now, by the start of an empty program, which takes 40 ms
 * there.
 */
function slowdown(): number {
  const began = performance.now();
  for (let i = 0; i < 5; i++) spawnSync(NODE, ["-e", ""]);
  return Math.max(1, (performance.now() - began) / 5 / 40);
}

const postmaster = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, "postgres/postmaster.pid"), "utf8").split("\n")[0]);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/ Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

afterEach(async () => {
  for (const run of started.splice(0)) {
    if (run.process.exitCode === null && run.process.signalCode === null) await stop(run);
  }
});

afterAll(() => {
  if (mounted) spawnSync("umount", [disk]);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that the first test leaves with data: a start on it takes a third of one on an empty folder. */
let used: Settings | undefined;
const usedSettings = async (): Promise<Settings> => used ?? await newSettings();

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
    await sql.end();

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

  test("uses less than 600 MB of memory idle", async () => {
    const run = start(await usedSettings());
    await ready(run);
    expect(memoryOf(run)).toBeLessThan(600);
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
    const reset = start({ ...settings, args: ["--reset"] });
    await ready(reset);
  });

  test("a data folder that cannot be created", async () => {
    const settings = await newSettings();
    writeFileSync(settings.dataDir, "a file");
    const run = start(settings);
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain(`The data folder ${settings.dataDir} cannot be written`);
  });

  test("a second start on the same folder; the first continues", async () => {
    const settings = await usedSettings();
    const run = start(settings);
    const env = await ready(run);
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

const VICTIMS = ["the main process", "the database server", "a database backend", "everything"];
const CYCLES = size(1, 5);

describe("after kill -9 the next start recovers by itself and no acknowledged write is lost", () => {
  let settings: Settings;
  let written = 0;
  beforeAll(async () => {
    settings = await usedSettings();
  });

  test.each(Array.from({ length: CYCLES }, () => VICTIMS).flat())(
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
      await until(() => written > before + 50);

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
        if (victim === "the database server") expect(await run.exited).toBe(1);
      }

      // a killed run leaves its file behind
      if (victim !== "a database backend") rmSync(join(settings.dataDir, "env"), { force: true });
      const next = victim === "a database backend" ? run : start(settings);
      await ready(next);
      await sql.end({ timeout: 0 });
      const check = postgres(env.DATABASE_URL ?? "", { max: 1 });
      await until(async () => await check`select 1`.then(() => true, () => false));
      const [row] = await check<{ count: number }[]>`
      select count(*)::integer as count from acknowledged where n <= ${written}
    `;
      expect(row?.count).toBe(written);
      await check`delete from acknowledged where n > ${written}`;
      await check.end();
      if (victim === "the main process") expect(isAlive(server)).toBe(false);
    },
  );
});

describe("accounts", () => {
  const nobody = 65534;
  const readable = isRoot &&
    spawnSync(NODE, ["--version"], { uid: nobody, gid: nobody, cwd: "/" }).status === 0;

  test.runIf(readable)("an ordinary user can start it", async () => {
    const settings = await newSettings();
    mkdirSync(settings.dataDir);
    chownSync(join(settings.dataDir, ".."), nobody, nobody);
    chownSync(settings.dataDir, nobody, nobody);
    const run = start({ ...settings, uid: nobody });
    await ready(run);
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
