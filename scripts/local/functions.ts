import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { errors, jwtVerify } from "jose";
import type { SupabaseConfig } from "./config.ts";
import { type FunctionLog, type Host, startHost, watchStall } from "./function-process.ts";
import {
  CIRCLE_WEBHOOK_SECRET,
  GITHUB_WEBHOOK_SECRET,
  JWT_SECRET,
  PUBLISHABLE_KEY,
  SECRET_KEY,
  SECRETS_MASTER_KEYS,
} from "./keys.ts";
import { SUPABASE_DIR } from "./paths.ts";

/** The platform's limit for a request without a response (504). */
const REQUEST_TIMEOUT_MS = 150_000;

export interface FunctionsOptions {
  config: SupabaseConfig;
  /** The gateway's origin, as functions and their clients see it. */
  apiUrl: string;
  dbUrl: string;
  /** The folder with a folder per function. Default `supabase/functions`. */
  folder?: string;
  /** Added to a function's environment, over `supabase/functions/.env`. */
  env?: Record<string, string>;
  log?: FunctionLog;
}

export interface Functions {
  /** Answers a request for `/functions/v1/<name>/…`. */
  fetch(request: Request): Promise<Response>;
  /** The running processes. */
  pids(): number[];
  stop(): Promise<void>;
}

/**
 * Edge functions, each in its own Deno process, which its first request starts. A process that throws outside
 * of a request ends, one whose event loop is blocked is ended; the next request starts another.
 */
export function createFunctions(options: FunctionsOptions): Functions {
  const folder = options.folder ?? join(SUPABASE_DIR, "functions");
  const environment = functionEnvironment(options, folder);
  const hosts = new Map<string, Promise<Host>>();
  const running = new Set<Host>();

  const hostOf = (name: string): Promise<Host> => {
    const existing = hosts.get(name);
    if (existing) return existing;
    const starting = startHost(name, entryOf(folder, name, options.config), environment, folder, options.log);
    hosts.set(name, starting);
    const remove = () => {
      if (hosts.get(name) === starting) hosts.delete(name);
    };
    starting.then((host) => {
      running.add(host);
      host.exited.then(() => {
        running.delete(host);
        remove();
      });
    }, remove);
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
      // fetch can't forward these methods
      if (/^(trace|track|connect)$/i.test(request.method)) {
        return failure(405, "METHOD_NOT_ALLOWED", "Method not allowed");
      }
      if ((settings?.verify_jwt ?? true) && request.method !== "OPTIONS") {
        const rejection = await checkJwt(request);
        if (rejection) return rejection;
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
      const exits = [...running].map((host) => {
        host.process.stdin?.end();
        host.process.kill("SIGTERM");
        return host.exited;
      });
      await Promise.all(exits);
    },
  };
}

/** Headers of one connection, which are not forwarded; `fetch` rejects some of them. */
const HOP_BY_HOP = ["connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

async function forward(host: Host, request: Request, target: string): Promise<Response> {
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  // fetch would decompress a response and leave its content-encoding header
  headers.set("accept-encoding", "identity");
  headers.set("sb-request-id", crypto.randomUUID());
  headers.set("fixloop-host-key", host.key);
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
    // so that the caller's next request gets a new process
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

function entryOf(folder: string, name: string, config: SupabaseConfig): string {
  const entrypoint = config.functions[name]?.entrypoint;
  return entrypoint ? join(SUPABASE_DIR, entrypoint) : join(folder, name, "index.ts");
}

/**
 * The variables that the platform sets for every function, and the secrets that `supabase secrets set` would.
 */
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

/** The gateway's check where `verify_jwt = true`: the token has to be signed by our Auth and not expired. */
async function checkJwt(request: Request): Promise<Response | undefined> {
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
