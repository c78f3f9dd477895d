import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, UserError } from "./user-error.ts";

/** The free disk space that a start needs: a new cluster takes about 120 MB with its programs. */
const MIN_FREE_BYTES = 200 * 1024 * 1024;

export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account for PostgreSQL, which does not run as root: there, `postgres`, or `nobody` where that does not
 * exist.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  const entry = accounts.find(([name]) => name === "postgres") ??
    accounts.find(([name]) => name === "nobody");
  if (!entry) {
    throw new UserError(
      "PostgreSQL does not run as root, and this machine has no account `postgres` or `nobody`.",
      "Start as an ordinary user.",
    );
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/**
 * The folder of programs and data: `dataDir`, or, where the server's account cannot enter that (root's home),
 * a folder under /var/lib, whose path is stored in `dataDir/postgres-home`.
 */
export function prepareHome(dataDir: string, account: Account | undefined): string {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `The data folder ${dataDir} cannot be written to (${errorCode(error)}).`,
      "Choose another one: DATA_DIR=/some/folder npm start",
    );
  }
  if (!account || isReachable(dataDir)) return dataDir;
  const pointer = join(dataDir, "postgres-home");
  if (existsSync(pointer)) {
    const home = readFileSync(pointer, "utf8").trim();
    if (existsSync(home)) return home;
  }
  const home = `/var/lib/fixloop-${randomBytes(6).toString("hex")}`;
  mkdirSync(home);
  chmodSync(home, 0o755);
  writeFileSync(pointer, `${home}\n`);
  return home;
}

/** Whether any account can enter every folder of a path. */
function isReachable(folder: string): boolean {
  for (let path = folder;; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Throws where the disk has too little free space. */
export function requireSpace(home: string): void {
  const { bavail, bsize } = statfsSync(home);
  if (bavail * bsize < MIN_FREE_BYTES) throw diskFull(home);
}

export const diskFull = (home: string): UserError =>
  new UserError(
    `The disk that holds ${home} is full.`,
    "Free at least 200 MB, or choose another folder: DATA_DIR=/some/folder npm start",
  );

/** Runs a step, and throws `diskFull` when it fails for that reason. */
export async function orDiskFull<T>(home: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (errorCode(error) === "ENOSPC" || /No space left on device/.test(String(error))) throw diskFull(home);
    throw error;
  }
}
