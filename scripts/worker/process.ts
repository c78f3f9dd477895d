import { type ChildProcess, spawn } from "node:child_process";

export interface RunOptions {
  cwd: string;
  env: Record<string, string>;
  /** Written to its standard input, which is then closed. */
  input?: string;
  /** After this long it is ended. */
  timeoutMs: number;
  /** Between the request to end and the end. */
  graceMs?: number;
  /** How much of each output is kept; what comes before is dropped. */
  keepBytes?: number;
  /** Ends it as a time-out does. */
  signal?: AbortSignal;
}

export interface RunResult {
  code: number | null;
  /** What ended it, when it was not itself. */
  endedBy: "timeout" | "abort" | null;
  stdout: string;
  stderr: string;
  /** Whether output was dropped. */
  isCut: boolean;
}

/** Keeps the end of a stream of any length in bounded memory. */
function tail(limit: number) {
  const chunks: Buffer[] = [];
  let size = 0;
  let isCut = false;
  return {
    push(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      while (size - (chunks[0]?.length ?? 0) >= limit) {
        size -= chunks.shift()?.length ?? 0;
        isCut = true;
      }
    },
    text() {
      const all = Buffer.concat(chunks);
      if (all.length <= limit) return { text: all.toString("utf8"), isCut };
      // a character that was cut in two is left out
      return { text: all.subarray(-limit).toString("utf8").replace(/^\uFFFD+/, ""), isCut: true };
    },
  };
}

/** What runs now: none of it survives this process, unless that is killed. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

/**
 * Runs a program in a process group of its own, so that what it started ends with it: SIGTERM to all of them, and after
 * `graceMs` SIGKILL. Resolves when the program has ended and nobody of its group is left.
 *
 * @throws when the program cannot be started
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { graceMs = 5_000, keepBytes = 256 * 1024, signal } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const stdout = tail(keepBytes);
  const stderr = tail(keepBytes);
  child.stdout.on("data", stdout.push);
  child.stderr.on("data", stderr.push);
  // a program need not read what it is given
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");

  let endedBy: RunResult["endedBy"] = null;
  let killer: NodeJS.Timeout | undefined;
  let hangUp: NodeJS.Timeout | undefined;
  const end = (by: "timeout" | "abort"): void => {
    if (endedBy !== null) return;
    endedBy = by;
    signalGroup(child, "SIGTERM");
    killer = setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
  };
  const onAbort = (): void => end("abort");
  const timer = setTimeout(() => end("timeout"), options.timeoutMs);
  signal?.addEventListener("abort", onAbort);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => {
        // what it left running in the background must not outlive it, nor keep its output open
        killer ??= setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
        signalGroup(child, "SIGTERM");
        // one that left the group may hold the output open for ever
        hangUp = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, graceMs + 500);
      });
      child.once("close", (exitCode) => resolve(exitCode));
    });
    // deaf to SIGTERM and silent, or done: either way nobody stays
    signalGroup(child, "SIGKILL");
    const out = stdout.text();
    const err = stderr.text();
    return { code, endedBy, stdout: out.text, stderr: err.text, isCut: out.isCut || err.isCut };
  } finally {
    running.delete(child);
    clearTimeout(timer);
    clearTimeout(killer);
    clearTimeout(hangUp);
    signal?.removeEventListener("abort", onAbort);
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // the group is gone
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
