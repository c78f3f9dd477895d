import { hostname, tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { KNOWN_ANSWERS, KNOWN_LIMITS, whole } from "./limits.ts";
import { githubOrigin, PROTOCOLS } from "./repository.ts";
import type { TaskOptions } from "./run-task.ts";
import type { WorkerOptions } from "./worker.ts";

export const HELP = `npm run worker -- --agents <names> --command <command> [options]

Claims tasks for coding agents, runs the agent in a fresh clone, pushes its work and opens a pull request.

  --agents <a,b>            the agents whose tasks to claim
  --command <command>       how to run the agent, by sh -c in the clone; the prompt comes on standard input.
                            Several agents: --command a='…' --command b='…'
  --once                    claim one task, if there is one, and end
  --concurrency <n>         tasks at a time (1)
  --worker <name>           this worker's name in the history of attempts (host and process)
  --model <name>            stored with each task, for statistics by model
  --lease <seconds>         how long a lease lasts without a heartbeat (60)
  --timeout <seconds>       how long the agent may take (1800)
  --grace <seconds>         between SIGTERM and SIGKILL when the agent has to end (10)
  --limit-when <regex>      what the agent prints last when it fails by a limit of its own, in addition to what is
                            known; with exit code 0, its whole answer; may be repeated
  --limit-wait <seconds>    how long such a limit lasts if the agent does not say so (300)
  --patience <seconds>      how long a push or pull request is tried again while a server fails (900)
  --idle <seconds>          longest wait between claims while the queue is empty (30)
  --goal pr|push|diff       open a pull request, only push, or only store the diff (pr)
  --depth <n>               commits of history in the clone; 0 for all (50)
  --work-dir <folder>       folder for the clones (the system's temporary folder)
  --keep                    don't delete the clones
  --author '<name> <mail>'  author of the commit for uncommitted changes
  --filter <name>=<command> run this command as the filter of that name when changed files are added, for example
                            to encrypt them; may be repeated. A changed file with another filter fails the task
  --pass-env <NAME>         pass this variable to the agent too; may be repeated
  --allow-host <host>       also clone from this host; may be repeated (GitHub's)
  --allow-protocol <name>   also clone by http, ssh or file; may be repeated (https)
  --log json|text           format of the log (text on a terminal)

Environment:
  SUPABASE_URL
  WORKER_TOKEN and SUPABASE_PUBLISHABLE_KEY, or SUPABASE_SECRET_KEY for a worker of your own server
  GITHUB_TOKEN              for clone, push and pull request; needed with WORKER_TOKEN, except for --goal diff.
                            Without it, a worker with the secret key uses the token of each task's owner
  GITHUB_API_URL            https://api.github.com, or https://<host>/api/v3 of GitHub Enterprise Server
`;

export type Environment = Readonly<Record<string, string | undefined>>;

/** An error that the user can fix. */
export class UsageError extends Error {}

export interface Settings {
  supabaseUrl: string;
  apiKey: string;
  secretKey: string | undefined;
  workerToken: string | undefined;
  githubToken: string | undefined;
  worker: string;
  agents: string[];
  log: "json" | "text";
  task: TaskOptions;
  loop: Omit<WorkerOptions, "shutdown">;
}

/**
 * Parses the arguments and the environment.
 *
 * @throws UsageError for a missing or invalid setting
 */
export function parseSettings(args: string[], environment: Environment, isTerminal: boolean): Settings {
  const { values } = parse(args);
  const agents = (values.agents ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  if (agents.length === 0) throw new UsageError("--agents is missing: the agents whose tasks to claim.");
  const apiUrl = environment.GITHUB_API_URL || "https://api.github.com";
  const goals = { pr: "pull_request", push: "push", diff: "diff" } as const;
  const leaseSeconds = positive("lease", values.lease, 60, 5);
  const limits = (values["limit-when"] ?? []).map(parsePattern);
  const keys = parseKeys(environment);
  const githubToken = environment.GITHUB_TOKEN || undefined;
  const goal = choose("goal", values.goal ?? "pr", goals);
  // without a token it pushes by ssh or to a folder only: each task by https would fail
  const hasToken = Boolean(githubToken ?? keys.secretKey) || goal === "diff";
  const protocols = ["https", ...parseProtocols(values["allow-protocol"] ?? [])]
    .filter((name) => hasToken || (goal === "push" && !name.startsWith("http")));
  if (protocols.length === 0) {
    throw new UsageError("GITHUB_TOKEN is not set: a worker with WORKER_TOKEN pushes with it.");
  }
  return {
    ...keys,
    githubToken,
    worker: values.worker || `${hostname()}:${process.pid}`,
    agents,
    log: choose("log", values.log ?? (isTerminal ? "text" : "json"), { json: "json", text: "text" }),
    task: {
      commandOf: commandsOf(agents, values.command ?? []),
      folder: values["work-dir"] ?? tmpdir(),
      keepFolders: values.keep === true,
      rules: {
        protocols,
        hosts: [githubOrigin(url("GITHUB_API_URL", apiUrl)).host, ...values["allow-host"] ?? []],
      },
      depth: positive("depth", values.depth, 50, 0),
      author: parseAuthor(values.author),
      agentTimeoutMs: positive("timeout", values.timeout, 1800) * 1000,
      graceMs: positive("grace", values.grace, 10, 0) * 1000,
      passEnv: values["pass-env"] ?? [],
      filters: parseFilters(values.filter ?? []),
      limits: {
        sentences: [...KNOWN_LIMITS, ...limits],
        answers: [...KNOWN_ANSWERS, ...limits.map(whole)],
        waitMs: positive("limit-wait", values["limit-wait"], 300) * 1000,
      },
      retry: {
        patienceMs: positive("patience", values.patience, 900, 0) * 1000,
        waitMs: { min: 2_000, max: 60_000 },
      },
      githubApiUrl: apiUrl,
      goal,
      metadata: values.model ? { model: values.model } : {},
    },
    loop: {
      leaseSeconds,
      concurrency: positive("concurrency", values.concurrency, 1),
      once: values.once === true,
      idleMs: { min: 1_000, max: Math.max(1_000, positive("idle", values.idle, 30) * 1000) },
    },
  };
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  const list = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args,
      options: {
        agents: text,
        command: list,
        once: flag,
        concurrency: text,
        worker: text,
        model: text,
        lease: text,
        timeout: text,
        grace: text,
        idle: text,
        "limit-when": list,
        "limit-wait": text,
        patience: text,
        goal: text,
        depth: text,
        "work-dir": text,
        keep: flag,
        author: text,
        filter: list,
        "pass-env": list,
        "allow-host": list,
        "allow-protocol": list,
        log: text,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseKeys(
  environment: Environment,
): Pick<Settings, "supabaseUrl" | "apiKey" | "secretKey" | "workerToken"> {
  const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, WORKER_TOKEN } = environment;
  if (!SUPABASE_URL) throw new UsageError("SUPABASE_URL is not set.");
  const supabaseUrl = url("SUPABASE_URL", SUPABASE_URL);
  // the key with fewer rights where both are set: .local/env contains the secret key too
  if (WORKER_TOKEN && SUPABASE_PUBLISHABLE_KEY) {
    return { supabaseUrl, apiKey: SUPABASE_PUBLISHABLE_KEY, secretKey: undefined, workerToken: WORKER_TOKEN };
  }
  if (SUPABASE_SECRET_KEY && !WORKER_TOKEN) {
    return {
      supabaseUrl,
      apiKey: SUPABASE_SECRET_KEY,
      secretKey: SUPABASE_SECRET_KEY,
      workerToken: undefined,
    };
  }
  throw new UsageError(
    "Set WORKER_TOKEN and SUPABASE_PUBLISHABLE_KEY, or SUPABASE_SECRET_KEY for a worker of your own server.",
  );
}

/** `name=command` for an agent of that name; a command without one is for all others. */
function commandsOf(agents: string[], given: string[]): (agent: string) => string {
  const commands = new Map<string, string>();
  let common: string | undefined;
  for (const text of given) {
    const named = agents.find((agent) => text.startsWith(`${agent}=`));
    if (named) commands.set(named, text.slice(named.length + 1));
    else common = text;
  }
  for (const agent of agents) {
    const command = commands.get(agent) ?? common;
    if (!command?.trim()) throw new UsageError(`--command is missing: how to run ${agent}.`);
    commands.set(agent, command);
  }
  return (agent) => commands.get(agent) ?? common ?? "";
}

function parseFilters(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(given.map((text) => {
    const [, name, command] = text.match(/^([\w.-]+)=(.*\S.*)$/s) ?? [];
    if (!name || !command) throw new UsageError("--filter has to be name=command.");
    return [name, command];
  }));
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch {
    throw new UsageError(`--limit-when has to be a regular expression, not ${text}.`);
  }
}

function parseProtocols(names: string[]): string[] {
  for (const name of names) {
    choose("allow-protocol", name, Object.fromEntries(PROTOCOLS.map((each) => [each, each])));
  }
  return names;
}

function parseAuthor(text: string | undefined): { name: string; email: string } {
  if (text === undefined) return { name: "Fixloop worker", email: "worker@fixloop.invalid" };
  const [, name, email] = text.match(/^([^<>"\\\n]+?)\s*<([^<>\s"\\]+@[^<>\s"\\]+)>$/) ?? [];
  if (!name || !email) throw new UsageError("--author has to be 'Name <name@example.org>'.");
  return { name, email };
}

function positive(name: string, text: string | undefined, otherwise: number, least = 1): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new UsageError(`--${name} has to be a number from ${least}, not ${text}.`);
}

function choose<T>(name: string, text: string, choices: Record<string, T>): T {
  const choice = Object.hasOwn(choices, text) ? choices[text] : undefined;
  if (choice !== undefined) return choice;
  throw new UsageError(`--${name} has to be one of ${Object.keys(choices).join(", ")}, not ${text}.`);
}

function url(name: string, text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new UsageError(`${name}=${text} is not a URL.`);
}
