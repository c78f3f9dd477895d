import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { UserError } from "./user-error.ts";

const NAME = "lock.sock";

/**
 * Makes this process the only one that runs a stack over a data folder. The lock is a socket that the process listens on, so
 * it is gone with the process, however that ends.
 *
 * @returns gives the lock back
 */
export async function lockFolder(dataDir: string): Promise<() => void> {
  return await inFolder(dataDir, async () => {
    const holder = await askHolder();
    if (holder) throw alreadyRunning(dataDir, holder);
    rmSync(NAME, { force: true });
    const server = createServer((socket) => socket.end(String(process.pid)));
    server.unref();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(NAME, resolve);
    });
    // two starts at the same moment both come here; the path leads to one of them
    const winner = await askHolder();
    if (winner !== String(process.pid)) {
      server.close();
      throw alreadyRunning(dataDir, winner ?? "unknown");
    }
    return () => {
      server.close();
      rmSync(join(dataDir, NAME), { force: true });
    };
  });
}

const alreadyRunning = (dataDir: string, pid: string): UserError =>
  new UserError(
    `A stack is already running on ${dataDir} (process ${pid}).`,
    "Use it, stop it with Ctrl-C or `kill`, or start another one elsewhere: DATA_DIR=/some/folder API_PORT=54331 DB_PORT=54332 npm start",
  );

/** The process id of who listens on the socket, if anybody does. */
async function askHolder(): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let answer = "";
    const socket = connect(NAME);
    socket.setEncoding("utf8").on("data", (text: string) => answer += text);
    socket.once("end", () => resolve(answer));
    socket.once("error", () => resolve(undefined));
  });
}

/** A socket's path is limited to about 100 characters, so it is named relative to its folder. */
async function inFolder<T>(folder: string, step: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await step();
  } finally {
    process.chdir(before);
  }
}
