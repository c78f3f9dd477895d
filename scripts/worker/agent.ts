import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TaskFailure } from "./failure.ts";
import { endOf, limited, type LimitOptions, saysLimit } from "./limits.ts";
import { statOf } from "./objects.ts";
import { run } from "./process.ts";
import type { ChatMessage, Claim } from "./queue.ts";

export interface AgentOptions {
  /** The command of `--command`, for `sh -c`. */
  command: string;
  /** Its working directory. */
  work: string;
  /** The folder for the prompt and the task, outside of the clone. */
  folder: string;
  branch: string;
  /** The worker's own environment. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Names of variables that are passed on in addition to the harmless ones. */
  passEnv: readonly string[];
  timeoutMs: number;
  graceMs: number;
  limits: LimitOptions;
  signal: AbortSignal;
}

export interface AgentResult {
  /** The end of its standard output. */
  report: string;
  /** The content of `FIXLOOP_METADATA_FILE`. */
  metadata: Record<string, unknown>;
  seconds: number;
}

/** Variables that every program needs. No other one is passed on: the environment has the worker's keys. */
const HARMLESS = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TERM|TZ|TMPDIR|COLUMNS|XDG_\w+|NO_COLOR)$/;

/** Exit codes of sysexits.h and of the shell. */
const EX_DATAERR = 65;
const EX_TEMPFAIL = 75;
const NOT_RUNNABLE = [126, 127];

const LONGEST_REPORT = 8_000;
const LONGEST_METADATA = 64 * 1024;

/**
 * Runs the agent in the clone until it ends.
 *
 * It gets the prompt on its standard input and as the file `FIXLOOP_PROMPT_FILE`, the task as JSON in
 * `FIXLOOP_TASK_FILE`, and may write JSON for `execution_metadata` to `FIXLOOP_METADATA_FILE`. Exit code 65
 * means that the task can't be done, 75 that it can be done later, any other one but 0 that this attempt failed.
 *
 * @throws TaskFailure `agent_failed`, `agent_limited`, `agent_timeout`, `agent_missing`
 * @throws the signal's reason when it is aborted
 */
export async function runAgent(claim: Claim, options: AgentOptions): Promise<AgentResult> {
  const { folder, branch, environment, passEnv, timeoutMs, graceMs, signal } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = {
    FIXLOOP_PROMPT_FILE: join(folder, "prompt.md"),
    FIXLOOP_TASK_FILE: join(folder, "task.json"),
    FIXLOOP_METADATA_FILE: join(folder, "metadata.json"),
  };
  const prompt = promptOf(claim.chat_messages);
  writeFileSync(files.FIXLOOP_PROMPT_FILE, prompt);
  const { github_token: _, ...task } = claim;
  writeFileSync(files.FIXLOOP_TASK_FILE, JSON.stringify({ ...task, branch }, null, 2));

  const began = performance.now();
  const result = await run("/bin/sh", ["-c", options.command], {
    cwd: options.work,
    env: {
      ...Object.fromEntries(
        Object.entries(environment).flatMap(([name, value]) =>
          value !== undefined && (HARMLESS.test(name) || passEnv.includes(name)) ? [[name, value]] : []
        ),
      ),
      ...files,
      FIXLOOP_TASK_ID: String(claim.task_id),
      FIXLOOP_BRANCH: branch,
    },
    input: prompt,
    timeoutMs,
    graceMs,
    signal,
  });
  signal.throwIfAborted();
  const seconds = Math.round(performance.now() - began) / 1000;
  const report = readable(result.stdout).slice(-LONGEST_REPORT);
  if (result.endedBy === "timeout") {
    throw new TaskFailure(
      "agent_timeout",
      "yes",
      `The agent was ended after ${Math.round(timeoutMs / 1000)} s.`,
    );
  }
  const metadata = loadMetadata(files.FIXLOOP_METADATA_FILE);
  if (result.code !== 0) {
    const errors = readable(result.stderr);
    const output = (errors || report).slice(-2_000);
    const message = `The agent ended with ${result.code === null ? "a signal" : `exit code ${result.code}`}${
      output ? `:\n${output}` : "."
    }`;
    const text = endOf(report, errors);
    const isUnsure = result.code !== EX_TEMPFAIL;
    if (!isUnsure || saysLimit(text, options.limits)) {
      throw limited(message, { metadata, text, limits: options.limits, isUnsure });
    }
    if (NOT_RUNNABLE.includes(result.code ?? 0)) throw new TaskFailure("agent_missing", "later", message);
    if (result.code === EX_DATAERR) throw new TaskFailure("agent_failed", "no", message);
    throw new TaskFailure("agent_failed", "yes", message);
  }
  return { report, metadata, seconds };
}

/** The prompt: a single message as it is, a conversation with the role of each message. */
export function promptOf(messages: readonly ChatMessage[]): string {
  // an app may have stored messages without a text, or none
  const texts = messages.filter((message) => typeof message?.content === "string");
  const [only, ...others] = texts;
  if (!only) return "";
  if (others.length === 0) return `${only.content}\n`;
  return texts.map(({ role, content }) => `## ${role}\n\n${content}\n`).join("\n");
}

/** Text without colours and other control characters, except line breaks. */
function readable(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replaceAll(/\u001b(\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\))/g, "")
    // deno-lint-ignore no-control-regex
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "")
    .trim();
}

function loadMetadata(file: string): Record<string, unknown> {
  const stat = statOf(file);
  if (!stat?.isFile() || stat.size > LONGEST_METADATA) return {};
  try {
    // jsonb can't store NUL
    const value: unknown = JSON.parse(readFileSync(file, "utf8").replaceAll("\\u0000", ""));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}
