import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../local/user-error.ts";

/** Longer than a refresh takes at most (15 s), several times. */
const WAIT_MS = 45_000;

/**
 * Runs a step while no other process runs one with the same lock file. The lock is SQLite's on an empty database, so the
 * kernel's: it ends with its process, however that ends. A file that only exists would outlive a killed process, and Node has
 * no `flock`.
 *
 * @throws UserError when the lock is not free for 45 s
 */
export async function withFileLock<T>(path: string, step: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const database = new DatabaseSync(path);
  try {
    const deadline = Date.now() + waitMs;
    while (!tryLock(database)) {
      if (Date.now() > deadline) {
        throw new UserError(
          `Another process holds the lock ${path}.`,
          "Try again, or end the other process.",
        );
      }
      await sleep(10 + Math.random() * 30);
    }
    return await step();
  } finally {
    database.close();
  }
}

const SQLITE_BUSY = 5;

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("begin immediate");
    return true;
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
