import { mkdirSync } from "node:fs";
import { createClient } from "@supabase/supabase-js";
import { createHealth } from "./health.ts";
import { createLog } from "./log.ts";
import { HELP, parseSettings, UsageError } from "./options.ts";
import { run } from "./process.ts";
import { createQueue, QueueError } from "./queue.ts";
import { createRedactor } from "./redact.ts";
import { createTokenSource } from "./token.ts";
import { work } from "./worker.ts";

/** Long enough to send the largest result, short enough to notice an unreachable server. */
const REQUEST_TIMEOUT_MS = 120_000;

/** The first version that merges without a working tree. */
const OLDEST_GIT = [2, 38] as const;

async function checkGit(): Promise<void> {
  const env = { PATH: process.env.PATH ?? "" };
  const { stdout } = await run("git", ["--version"], { cwd: "/", env, timeoutMs: 10_000 }).catch(() => {
    throw new UsageError("git was not found. Install it, or add it to the PATH.");
  });
  const [major = 0, minor = 0] = stdout.match(/\d+/g)?.map(Number) ?? [];
  if (major > OLDEST_GIT[0] || (major === OLDEST_GIT[0] && minor >= OLDEST_GIT[1])) return;
  throw new UsageError(`This is ${stdout.trim()}; the worker needs ${OLDEST_GIT.join(".")} or newer.`);
}

async function main(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP.trim());
    return 0;
  }
  const { env } = process;
  const settings = parseSettings(args, env, process.stdout.isTTY === true);
  const redactor = createRedactor([
    settings.workerToken,
    settings.secretKey,
    settings.githubToken,
    ...settings.task.passEnv.map((name) => env[name]),
  ]);
  const log = createLog(settings.log, redactor);
  const shutdown = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (shutdown.signal.aborted) return;
      log("ending", { signal });
      shutdown.abort();
    });
  }
  const client = createClient(settings.supabaseUrl, settings.apiKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          signal: AbortSignal.any([
            AbortSignal.timeout(REQUEST_TIMEOUT_MS),
            ...init?.signal ? [init.signal] : [],
          ]),
        }),
    },
  });
  await checkGit();
  mkdirSync(settings.task.folder, { recursive: true });
  log("ready", { worker: settings.worker, agents: settings.agents.join(","), queue: settings.supabaseUrl });
  const outcomes = await work({
    queue: createQueue(client, {
      worker: settings.worker,
      leaseSeconds: settings.loop.leaseSeconds,
      workerToken: settings.workerToken,
    }),
    options: settings.task,
    environment: env,
    redactor,
    health: createHealth({ agents: settings.agents, log, limitWaitMs: settings.task.limits.waitMs }),
    githubToken: createTokenSource(settings),
    log,
  }, { ...settings.loop, shutdown: shutdown.signal });
  log("ended", { tasks: outcomes.length });
  return settings.loop.once && outcomes.some((outcome) => outcome !== "completed") ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n--help lists the options.`);
  } else if (error instanceof QueueError) {
    console.error(`The queue rejected this worker: ${error.code ?? error.status}. ${error.message}`);
  } else console.error(error);
  process.exitCode = 1;
}
