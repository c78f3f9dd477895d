import { spawnSync } from "node:child_process";
import { accessSync, constants, copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where Debian puts PostgreSQL 15. */
const HOME = "/usr/lib/postgresql/15";
const EXTENSION_FOLDER = "/usr/share/postgresql/15/extension";
const EXTENSIONS = ["pg_cron", "pgtap", "plpgsql_check"];
/** Debian has no pg_net: the files of the embedded stack's go beside the real ones. */
const STAND_IN = "pg_net";
const STAND_IN_FOLDER = fileURLToPath(new URL("../local/extensions", import.meta.url));
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
  const programs = findPackages(progress);
  return typeof programs === "string" ? programs : addStandIn() ?? programs;
}

function findPackages(progress: (step: string) => void): Programs | string {
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
  const controls = EXTENSIONS.map((name) => join(EXTENSION_FOLDER, `${name}.control`));
  return Object.values(programs).every(isExecutable) && controls.every((file) => existsSync(file))
    ? programs
    : undefined;
}

/** Why the stand-in could not be put there, if so. */
function addStandIn(): string | undefined {
  const files = readdirSync(STAND_IN_FOLDER).filter((name) => name.startsWith(STAND_IN));
  if (process.getuid?.() !== 0) {
    return files.every((name) => existsSync(join(EXTENSION_FOLDER, name)))
      ? undefined
      : `root has to put ${files.join(" and ")} of scripts/local/extensions into ${EXTENSION_FOLDER}`;
  }
  for (const name of files) copyFileSync(join(STAND_IN_FOLDER, name), join(EXTENSION_FOLDER, name));
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
