import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";

/** Where Debian puts PostgreSQL 15. */
const HOME = "/usr/lib/postgresql/15";
const EXTENSIONS = ["pg_cron", "pgtap", "plpgsql_check"];
const PROVE = "/usr/bin/pg_prove";
const PACKAGES = [
  "postgresql-15",
  "postgresql-15-cron",
  "postgresql-15-pgtap",
  "postgresql-15-plpgsql-check",
  "libtap-parser-sourcehandler-pgtap-perl",
];

/** The programs that the run needs. */
export interface Programs {
  initdb: string;
  postgres: string;
  prove: string;
}

/** Debian's programs and extensions, installed first when they are missing and we may; else the reason why not. */
export function findPrograms(progress: (step: string) => void): Programs | string {
  const found = installed();
  if (found) return found;
  if (!isExecutable("/usr/bin/apt-get")) return "this machine has no apt-get to install PostgreSQL 15 with";
  if (process.getuid?.() !== 0) {
    return `not installed, which root could do: apt-get install ${PACKAGES.join(" ")}`;
  }
  progress(`installing ${PACKAGES.join(", ")}`);
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...PACKAGES]]) {
    const done = spawnSync("apt-get", args, {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      timeout: 300_000,
    });
    if (done.status !== 0) {
      const words = (done.stderr || String(done.error ?? "")).trim().split("\n").at(-1);
      return `apt-get ${args[0]} failed: ${words}`;
    }
  }
  return installed() ?? "apt-get installed something else than expected";
}

function installed(): Programs | undefined {
  const programs = { initdb: join(HOME, "bin/initdb"), postgres: join(HOME, "bin/postgres"), prove: PROVE };
  const controls = EXTENSIONS.map((name) => `/usr/share/postgresql/15/extension/${name}.control`);
  return Object.values(programs).every(isExecutable) && controls.every((file) => existsSync(file))
    ? programs
    : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
