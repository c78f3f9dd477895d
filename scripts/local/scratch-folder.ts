import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "./leftover.ts";
import { dropCluster } from "./postgres.ts";

/** The file that marks a folder whose server is to run on when its process has ended. */
export const KEPT = "kept";

/** Linux's file system in memory, where programs can run from it. */
const MEMORY = "/dev/shm";
const ENOUGH_BYTES = 6 * 2 ** 30;

/**
 * Where throw-away stacks have their data. `TMPDIR` decides where it is set. Else memory where there is plenty: a cluster has
 * a thousand files, a new database as many again, and some disks take a second for each.
 */
function scratchParent(): string {
  return !process.env["TMPDIR"] && hasMemory() ? MEMORY : tmpdir();
}

function hasMemory(): boolean {
  try {
    const mount = readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" "))
      .findLast(([, folder]) => folder === MEMORY);
    if (mount?.[2] !== "tmpfs" || mount[3]?.split(",").includes("noexec")) return false;
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ENOUGH_BYTES && freemem() > ENOUGH_BYTES;
  } catch {
    return false;
  }
}

/**
 * Creates a folder for a throw-away stack. Other accounts can enter it: as root, PostgreSQL runs as another
 * account, which has to reach its data; the data itself is readable by that account only.
 *
 * @param parent default: see `scratchParent`; what measures a disk gives a folder on one
 */
export function scratchFolder(purpose: string, parent = scratchParent()): string {
  const folder = mkdtempSync(join(parent, `fixloop-${purpose}-${process.pid}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Deletes such a folder and its cluster, whose server is stopped if a killed process left it running. */
export async function discardFolder(folder: string): Promise<void> {
  await dropCluster(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Discards the folders of processes that were killed before they could; one that can't be is left. */
export async function discardLeftovers(parent = scratchParent()): Promise<void> {
  for (const folder of globSync("fixloop-*-*-*", { cwd: parent }).map((name) => join(parent, name))) {
    const pid = Number(folder.match(/-(\d+)-[^-]+$/)?.[1]);
    if (!pid || isAlive(pid) || existsSync(join(folder, KEPT))) continue;
    try {
      // `npm start` of a test has its data one folder down
      if (existsSync(join(folder, "data"))) await dropCluster(join(folder, "data"));
      await discardFolder(folder);
    } catch {
      // another account's, or a test's small disk is mounted in it
    }
  }
}

/** The folders that are kept. */
export const keptFolders = (): string[] =>
  [...new Set([scratchParent(), tmpdir(), MEMORY])].flatMap((parent) =>
    globSync(`fixloop-*/${KEPT}`, { cwd: parent }).map((name) => join(parent, name, ".."))
  );
