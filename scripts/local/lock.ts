import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { UserError } from "./user-error.ts";

const NAME = "lock.sock";

/**
 * Locks a data folder, so that one process at a time runs a stack over it. The lock is a socket that the
 * process listens on: it ends with the process in every case.
 *
 * @returns releases the lock
 */
export async function lockFolder(dataDir: string): Promise<() => void> {
  return await inFolder(dataDir, async () => {
    const holder = await askHolder();
    if (holder !== undefined) throw alreadyRunning(dataDir, holder);
    rmSync(NAME, { force: true });
    const server = createServer((socket) => socket.end(String(process.pid)));
    server.unref();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(NAME, resolve);
    });
    // two concurrent starts may both get here; the socket's path belongs to one of them
    const winner = await askHolder();
    if (winner !== process.pid) {
      server.close();
      throw alreadyRunning(dataDir, winner);
    }
    return () => {
      server.close();
      rmSync(join(dataDir, NAME), { force: true });
    };
  });
}

/** The id of the process that runs a stack over a data folder, which exists. */
export const lockHolder = (dataDir: string): Promise<number | undefined> => inFolder(dataDir, askHolder);

const alreadyRunning = (dataDir: string, pid: number | undefined): UserError =>
  new UserError(
    `A stack is already running on ${dataDir} (process ${pid ?? "unknown"}).`,
    "Use it, stop it with Ctrl-C or `kill`, or start another one in another folder: DATA_DIR=/some/folder API_PORT=54331 DB_PORT=54332 npm start",
  );

/** The id of the process that listens on the socket, if there is one. */
async function askHolder(): Promise<number | undefined> {
  return await new Promise((resolve) => {
    let answer = "";
    const socket = connect(NAME);
    socket.setEncoding("utf8").on("data", (text: string) => answer += text);
    socket.once("end", () => resolve(Number(answer)));
    socket.once("error", () => resolve(undefined));
  });
}

/** A socket's path is limited to about 100 characters, so it is relative to its folder. */
async function inFolder<T>(folder: string, step: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await step();
  } finally {
    process.chdir(before);
  }
}
