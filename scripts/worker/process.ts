import { type ChildProcess, spawn } from "node:child_process";

export interface RunOptions {
  cwd: string;
  env: Record<string, string>;
  /** Written to its standard input, which is then closed. */
  input?: string | Buffer;
  /** The time limit, after which it is ended. */
  timeoutMs: number;
  /** The time between SIGTERM and SIGKILL. */
  graceMs?: number;
  /** The size of the end of each output that is returned. */
  keepBytes?: number;
  /** Ends it as a timeout does. */
  signal?: AbortSignal;
}

export interface RunResult {
  code: number | null;
  /** Why it was ended, if it was. */
  endedBy: "timeout" | "abort" | null;
  stdout: string;
  /** The same before it was decoded: names and contents of files may be any bytes. */
  bytes: Buffer;
  stderr: string;
  /** Whether the beginning of an output was dropped. */
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
    end() {
      const all = Buffer.concat(chunks);
      return all.length <= limit ? { bytes: all, isCut } : { bytes: all.subarray(-limit), isCut: true };
    },
  };
}

/** As text, without a character that was cut in two at the beginning. */
function textOf({ bytes, isCut }: { bytes: Buffer; isCut: boolean }): string {
  const text = bytes.toString("utf8");
  return isCut ? text.replace(/^\uFFFD+/, "") : text;
}

/** The running programs: none of them outlives this process, unless it is killed. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

/**
 * Runs a program in its own process group, so that the processes it started end with it: SIGTERM to all of
 * them, and after `graceMs` SIGKILL. Resolves when the program has ended and its group is empty.
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
  // a program may ignore its standard input
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
        // a background process of its group must not outlive it, nor keep its output open
        killer ??= setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
        signalGroup(child, "SIGTERM");
        // a process that left the group may keep the output open forever
        hangUp = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, graceMs + 500);
      });
      child.once("close", (exitCode) => resolve(exitCode));
    });
    // a process that ignores SIGTERM ends too
    signalGroup(child, "SIGKILL");
    const out = stdout.end();
    const err = stderr.end();
    return {
      code,
      endedBy,
      stdout: textOf(out),
      bytes: out.bytes,
      stderr: textOf(err),
      isCut: out.isCut || err.isCut,
    };
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
    // the group has ended
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
