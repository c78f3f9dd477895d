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

/** Less than this much room is not worth starting with: a new cluster takes about 120 MB with its programs. */
const MIN_FREE_BYTES = 200 * 1024 * 1024;

export interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: as root it gets the account `postgres`, or `nobody` where there is none. */
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
 * The folder that holds programs and data: `dataDir`, or, when that lies where the server's account cannot go (root's home),
 * a folder of its own under /var/lib, remembered in `dataDir/postgres-home`.
 */
export function prepareHome(dataDir: string, account: Account | undefined): string {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `The data folder ${dataDir} cannot be written (${errorCode(error)}).`,
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

/** Whether every folder on the way can be passed by any account. */
function isReachable(folder: string): boolean {
  for (let path = folder;; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Refuses to start where there is too little room left. */
export function requireSpace(home: string): void {
  const { bavail, bsize } = statfsSync(home);
  if (bavail * bsize < MIN_FREE_BYTES) throw diskFull(home);
}

export const diskFull = (home: string): UserError =>
  new UserError(
    `The disk that holds ${home} is full.`,
    "Free at least 200 MB, or choose another place: DATA_DIR=/some/folder npm start",
  );

/** Does a step, and says so when it fails because the disk is full. */
export async function orDiskFull<T>(home: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (errorCode(error) === "ENOSPC" || /No space left on device/.test(String(error))) throw diskFull(home);
    throw error;
  }
}
