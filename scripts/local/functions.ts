import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseEnv } from "node:util";
import { errors, jwtVerify } from "jose";
import type { SupabaseConfig } from "./config.ts";
import {
  CIRCLE_WEBHOOK_SECRET,
  GITHUB_WEBHOOK_SECRET,
  JWT_SECRET,
  PUBLISHABLE_KEY,
  SECRET_KEY,
  SECRETS_MASTER_KEYS,
} from "./keys.ts";
import { bin, ROOT, SUPABASE_DIR } from "./paths.ts";

/** A function that answers no ping for this long while it works has spun out of control: the platform's CPU limit. */
const STALLED_AFTER_MS = 5_000;

/** The platform's limits: time to start, and idle time until the gateway gives up (504). */
const BOOT_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 150_000;

export interface FunctionsOptions {
  config: SupabaseConfig;
  /** The gateway's origin, as functions and their clients see it. */
  apiUrl: string;
  dbUrl: string;
  /** The folder that holds a folder a function. Default `supabase/functions`. */
  folder?: string;
  /** Added to a function's environment, over `supabase/functions/.env`. */
  env?: Record<string, string>;
  /** Gets what functions write to their log, a line at a time. */
  log?: (name: string, line: string) => void;
}

export interface Functions {
  /** Answers a request for `/functions/v1/<name>/…`. */
  fetch(request: Request): Promise<Response>;
  /** The processes that run now. */
  pids(): number[];
  stop(): Promise<void>;
}

interface Host {
  process: ChildProcess;
  port: number;
  inFlight: number;
  exited: Promise<void>;
  /** Why it was ended from here, if it was. */
  ended?: "stalled";
}

/**
 * Edge functions, each in a Deno process of its own that is started by its first request.
 * A process that throws late ends alone, one that spins is ended after `STALLED_AFTER_MS`; the next request starts another.
 */
export function createFunctions(options: FunctionsOptions): Functions {
  const folder = options.folder ?? join(SUPABASE_DIR, "functions");
  const environment = functionEnvironment(options, folder);
  const hosts = new Map<string, Promise<Host>>();
  const running = new Set<Host>();

  const hostOf = (name: string): Promise<Host> => {
    const known = hosts.get(name);
    if (known) return known;
    const starting = startHost(name, entryOf(folder, name, options.config), environment, folder, options.log);
    hosts.set(name, starting);
    const forget = () => {
      if (hosts.get(name) === starting) hosts.delete(name);
    };
    starting.then((host) => {
      running.add(host);
      host.exited.then(() => {
        running.delete(host);
        forget();
      });
    }, forget);
    return starting;
  };

  return {
    async fetch(request) {
      const url = new URL(request.url);
      const path = url.pathname.slice("/functions/v1".length);
      const name = path.split("/")[1] ?? "";
      const settings = options.config.functions[name];
      if (
        !/^[A-Za-z][A-Za-z0-9_-]*$/.test(name) || settings?.enabled === false ||
        !existsSync(join(folder, name))
      ) {
        return failure(404, "NOT_FOUND", "Requested function was not found");
      }
      // methods that fetch does not send on
      if (/^(trace|track|connect)$/i.test(request.method)) {
        return failure(405, "METHOD_NOT_ALLOWED", "Method not allowed");
      }
      if ((settings?.verify_jwt ?? true) && request.method !== "OPTIONS") {
        const refused = await refuseJwt(request);
        if (refused) return refused;
      }
      let host: Host;
      try {
        host = await hostOf(name);
      } catch (error) {
        options.log?.(name, String(error));
        return failure(503, "BOOT_ERROR", "Function failed to start (please check logs)");
      }
      return await forward(host, request, `http://127.0.0.1:${host.port}${path}${url.search}`);
    },
    pids: () => [...running].map((host) => host.process.pid ?? 0),
    async stop() {
      await Promise.allSettled(hosts.values());
      for (const host of running) {
        host.process.stdin?.end();
        host.process.kill("SIGTERM");
        await host.exited;
      }
    },
  };
}

/** Headers that are between the client and the gateway; `fetch` refuses some of them. */
const HOP_BY_HOP = ["connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

async function forward(host: Host, request: Request, target: string): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  // fetch would unpack a compressed answer and still say that it is compressed
  headers.set("accept-encoding", "identity");
  headers.set("sb-request-id", crypto.randomUUID());
  const watch = watchStall(host);
  host.inFlight++;
  try {
    return await fetch(target, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(request.body ? { duplex: "half" } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return failure(504, "IDLE_TIMEOUT", "Function did not answer in time");
    }
    // its end is seen before the caller's next request, which then gets a new process
    await Promise.race([host.exited, sleep(1_000)]);
    return host.ended === "stalled"
      ? failure(
        546,
        "WORKER_LIMIT",
        "Function failed due to not having enough compute resources (please check logs)",
      )
      : failure(500, "WORKER_ERROR", "Function exited due to an error (please check logs)");
  } finally {
    host.inFlight--;
    clearInterval(watch);
  }
}

/** While a request is under way, asks the process whether it still turns its event loop, and ends it when it does not. */
function watchStall(host: Host): NodeJS.Timeout {
  return setInterval(async () => {
    try {
      await fetch(`http://127.0.0.1:${host.port}/.host/ping`, {
        signal: AbortSignal.timeout(STALLED_AFTER_MS),
      });
    } catch {
      if (host.inFlight > 0 && host.process.exitCode === null) {
        host.ended = "stalled";
        host.process.kill("SIGKILL");
      }
    }
  }, 1_000);
}

async function startHost(
  name: string,
  entry: string,
  env: Record<string, string>,
  folder: string,
  log: FunctionsOptions["log"],
): Promise<Host> {
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
    env: { ...env, SUPABASE_FUNCTION_SLUG: name, PATH: process.env.PATH, HOME: process.env.HOME },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  createInterface({ input: child.stderr }).on("line", (line) => log?.(name, line));

  const port = await listeningPort(name, child, log);
  return { process: child, port, inFlight: 0, exited };
}

/** Waits until a host says its port; every other line is the function's own. A host that does not get there is ended. */
async function listeningPort(
  name: string,
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  log: FunctionsOptions["log"],
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

function entryOf(folder: string, name: string, config: SupabaseConfig): string {
  const entrypoint = config.functions[name]?.entrypoint;
  return entrypoint ? join(SUPABASE_DIR, entrypoint) : join(folder, name, "index.ts");
}

/** What the platform gives every function, and the secrets that `supabase secrets set` would. */
function functionEnvironment(options: FunctionsOptions, folder: string): Record<string, string> {
  const secrets = join(folder, ".env");
  const key = { kty: "oct", k: Buffer.from(JWT_SECRET).toString("base64url"), alg: "HS256" };
  return {
    SUPABASE_URL: options.apiUrl,
    SUPABASE_DB_URL: options.dbUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET_KEY }),
    SUPABASE_JWKS: JSON.stringify({ keys: [key] }),
    CIRCLE_WEBHOOK_SECRETS: CIRCLE_WEBHOOK_SECRET,
    GITHUB_WEBHOOK_SECRETS: GITHUB_WEBHOOK_SECRET,
    SECRETS_MASTER_KEYS,
    ...(existsSync(secrets) ? parseEnv(readFileSync(secrets, "utf8")) as Record<string, string> : {}),
    ...options.env,
  };
}

/** The gateway's check where `verify_jwt = true`: a token that our Auth signed and that has not expired. */
async function refuseJwt(request: Request): Promise<Response | undefined> {
  const token = request.headers.get("authorization")?.match(/^Bearer (.+)$/i)?.[1];
  if (!token) return Response.json({ code: 401, message: "Missing authorization header" }, { status: 401 });
  try {
    await jwtVerify(token, new TextEncoder().encode(JWT_SECRET), { algorithms: ["HS256"] });
    return undefined;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return Response.json({ code: 401, message: "Invalid JWT" }, { status: 401 });
  }
}

const failure = (status: number, code: string, message: string): Response =>
  Response.json({ code, message }, { status, headers: { "access-control-allow-origin": "*" } });

/** The names of the functions in `supabase/functions`. */
export function functionNames(folder = join(SUPABASE_DIR, "functions")): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("_"))
    .map((entry) => entry.name)
    .sort();
}
