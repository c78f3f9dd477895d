import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareChroot } from "./chroot.ts";
import { installMmdebstrap, isExecutable, isRoot } from "./apt.ts";

/** PostgreSQL 17 as Debian 13 (trixie) has it, with what the run needs. */
export const PACKAGES = [
  "postgresql-17",
  "postgresql-17-cron",
  "postgresql-17-pgtap",
  "postgresql-17-plpgsql-check",
  "libtap-parser-sourcehandler-pgtap-perl",
];
const BIN = "/usr/lib/postgresql/17/bin";
const PROVE = "/usr/bin/pg_prove";
const EXTENSION_FOLDER = "/usr/share/postgresql/17/extension";
const EXTENSIONS = ["pg_cron", "pgtap", "plpgsql_check"];
/** Debian has no pg_net: the files of the local stack's emulator are put next to the real extensions. */
const EMULATED = "pg_net";
const EMULATED_FOLDER = fileURLToPath(new URL("../local/extensions", import.meta.url));

/** A system that has the packages: this machine, or a chroot on it. */
export interface Debian {
  /** Folder of this machine that the system's programs see as `/`. */
  readonly root: string;
  /** What it is, for the person at the terminal. */
  readonly name: string;
}

export const initdb = join(BIN, "initdb");
export const postgres = join(BIN, "postgres");
export const prove = PROVE;

/**
 * This machine where the packages are installed, else a chroot that root makes with mmdebstrap; else the reason why there
 * is neither.
 */
export async function findDebian(progress: (step: string) => void): Promise<Debian | string> {
  const machine: Debian = { root: "/", name: "this machine" };
  const debian = isComplete(machine) ? machine : await prepare(progress);
  return typeof debian === "string" ? debian : addEmulated(debian) ?? debian;
}

async function prepare(progress: (step: string) => void): Promise<Debian | string> {
  if (!isRoot()) {
    return `on Debian 13, install ${PACKAGES.join(" ")}; elsewhere, root can make a chroot that has them`;
  }
  const problem = installMmdebstrap(progress);
  if (problem) return problem;
  const root = await prepareChroot("conformance", PACKAGES, progress);
  if (!root.startsWith("/")) return root;
  const debian = { root, name: `a chroot of Debian 13 in ${root}` };
  return isComplete(debian) ? debian : `${debian.name} lacks something; delete it and run again`;
}

function isComplete({ root }: Debian): boolean {
  const controls = EXTENSIONS.map((name) => join(root, EXTENSION_FOLDER, `${name}.control`));
  return [initdb, postgres, prove].every((file) => isExecutable(join(root, file))) &&
    controls.every((file) => existsSync(file));
}

/** Why the emulated extension could not be put there, if so. */
function addEmulated({ root }: Debian): string | undefined {
  const folder = join(root, EXTENSION_FOLDER);
  const files = readdirSync(EMULATED_FOLDER).filter((name) => name.startsWith(EMULATED));
  if (!isRoot()) {
    return files.every((name) => existsSync(join(folder, name)))
      ? undefined
      : `root has to copy ${files.join(" and ")} from scripts/local/extensions to ${folder}`;
  }
  for (const name of files) copyFileSync(join(EMULATED_FOLDER, name), join(folder, name));
  return undefined;
}
