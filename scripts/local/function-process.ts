import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { bin, ROOT } from "./paths.ts";

/**
 * A function whose process does not answer a ping for this many seconds during a request is ended, as by the
 * platform's CPU limit.
 */
const STALLED_AFTER_SECONDS = 5;

/** The platform's time limit for a start. */
const BOOT_TIMEOUT_MS = 20_000;

/** Gets what functions write to their log, line by line. */
export type FunctionLog = (name: string, line: string) => void;

/** The Deno process of an edge function. */
export interface Host {
  process: ChildProcess;
  port: number;
  /** What the process wants to see in the header `fixloop-host-key`. */
  key: string;
  inFlight: number;
  exited: Promise<void>;
  /** Why it was ended from here, if it was. */
  ended?: "stalled";
}

/** Starts the process of a function. */
export async function startHost(
  name: string,
  entry: string,
  env: Record<string, string>,
  folder: string,
  log?: FunctionLog,
): Promise<Host> {
  const key = randomUUID();
  const child = spawn(bin("deno"), [
    "run",
    "--no-check",
    "--quiet",
    "--cached-only",
    `--config=${join(ROOT, "deno.json")}`,
    "--allow-net",
    "--allow-env",
    `--allow-read=${folder},${join(ROOT, "node_modules")},${join(ROOT, "scripts/local")}`,
    join(ROOT, "scripts/local/function-host.ts"),
    pathToFileURL(entry).href,
  ], {
    cwd: ROOT,
    env: {
      ...env,
      SUPABASE_FUNCTION_SLUG: name,
      FIXLOOP_HOST_KEY: key,
      PATH: process.env.PATH,
      HOME: process.env.HOME,
    },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  createInterface({ input: child.stderr }).on("line", (line) => log?.(name, line));

  const port = await listeningPort(name, child, log);
  return { process: child, port, key, inFlight: 0, exited };
}

/**
 * Waits for the line with the port; every other line is the function's own. A process that fails to start is
 * ended.
 */
async function listeningPort(
  name: string,
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  log?: FunctionLog,
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${name} did not start within ${BOOT_TIMEOUT_MS / 1000} s`)),
        BOOT_TIMEOUT_MS,
      );
      createInterface({ input: child.stdout }).on("line", (line) => {
        const port = line.match(/^fixloop-function-host listens on (\d+)$/)?.[1];
        if (port) resolve(Number(port));
        else log?.(name, line);
      });
      child.once("error", reject);
      child.once(
        "exit",
        (code, signal) => reject(new Error(`${name} ended while starting (${signal ?? code})`)),
      );
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Pings the process during a request, and ends it when its event loop is blocked. Seconds are counted here: while the
 * whole machine stands still, no process stalls.
 */
export function watchStall(host: Host): NodeJS.Timeout {
  let seconds = 0;
  let isAsking = false;
  return setInterval(async () => {
    if (isAsking) {
      seconds++;
      if (seconds >= STALLED_AFTER_SECONDS && host.inFlight > 0 && host.process.exitCode === null) {
        host.ended = "stalled";
        host.process.kill("SIGKILL");
      }
      return;
    }
    seconds = 0;
    isAsking = true;
    try {
      await fetch(`http://127.0.0.1:${host.port}/.host/ping`, { headers: { "fixloop-host-key": host.key } });
    } catch {
      // it has ended
    } finally {
      isAsking = false;
    }
  }, 1_000);
}
