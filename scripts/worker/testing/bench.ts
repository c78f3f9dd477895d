import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type FakeGithub, startFakeGithub } from "../../fakes/github.ts";
import { scratchFolder } from "../../local/scratch-folder.ts";
import { createHealth } from "../health.ts";
import { holdLease, type Lease } from "../lease.ts";
import { createLog } from "../log.ts";
import { KNOWN_ANSWERS, KNOWN_LIMITS } from "../limits.ts";
import type { Claim } from "../queue.ts";
import { createRedactor } from "../redact.ts";
import { type Outcome, runTask, type TaskDeps, type TaskOptions } from "../run-task.ts";
import { createMemoryQueue, type MemoryQueue } from "./queue.ts";

export const TOKEN = "ghp_benchbenchbenchbenchbenchbenchbench1";

/** A bare repository at a fake GitHub, a queue in memory, and a worker to run with them. */
export interface Bench {
  folder: string;
  fake: FakeGithub;
  gitDir: string;
  queue: MemoryQueue;
  /** The worker's log. */
  lines: string[];
  /** The worker's environment. */
  environment: Record<string, string | undefined>;
  shutdown: AbortController;
  claim(wish?: Partial<Claim>): Claim;
  deps(command: string, options?: Partial<TaskOptions>): TaskDeps;
  lease(claim: Claim, leaseSeconds?: number): Lease;
  /** Runs one task with an agent. */
  run(command: string, wish?: Partial<Claim>, options?: Partial<TaskOptions>): Promise<Outcome>;
  /** git in the bare repository. */
  git(...args: string[]): string;
  /** Adds a commit of another user to a branch. */
  commit(branch: string, file: string, text: string): string;
  /** The remaining folders of tasks. */
  leftovers(): string[];
  close(): Promise<void>;
}

/** @param files the repository's files besides its README */
export async function openBench(files: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const folder = scratchFolder("worker");
  const gitDir = join(folder, "shop.git");
  const tasks = join(folder, "tasks");
  mkdirSync(tasks);
  const fake = await startFakeGithub();
  fake.state.addUser({ login: "maya", token: TOKEN });
  fake.state.addRepo({ owner: "acme", name: "shop", members: ["maya"], isPrivate: true, gitDir });
  const git = (...args: string[]): string => runGit(gitDir, ...args);
  createRepository(gitDir, files);
  const queue = createMemoryQueue();
  const lines: string[] = [];
  const bench: Bench = {
    folder,
    fake,
    gitDir,
    queue,
    lines,
    environment: { PATH: process.env.PATH, HOME: folder },
    shutdown: new AbortController(),
    claim: (wish = {}) => ({
      task_id: 7,
      fencing_token: 41,
      attempt: 1,
      lease_expires_at: new Date(Date.now() + 60_000).toISOString(),
      agent: "scripted",
      priority: 0,
      user_id: "maya",
      project_id: 1,
      repo_url: `${fake.url}/acme/shop.git`,
      repo_owner: "acme",
      repo_name: "shop",
      target_branch: "main",
      pr_branch: null,
      chat_messages: [{ role: "user", content: "# Say hello\n\nIn the README." }],
      execution_metadata: {},
      project_settings: {},
      github_token: null,
      ...wish,
    }),
    deps: (command, options = {}) => {
      const redactor = createRedactor([TOKEN]);
      const log = createLog("json", redactor, (line: string) => lines.push(line));
      return {
        queue,
        environment: bench.environment,
        redactor,
        health: createHealth({ agents: ["scripted"], log }),
        githubToken: () => Promise.resolve(TOKEN),
        log,
        options: {
          commandOf: () => command,
          folder: tasks,
          keepFolders: false,
          rules: { protocols: ["https", "http"], hosts: [new URL(fake.url).host] },
          depth: 50,
          author: { name: "Fixloop worker", email: "worker@fixloop.invalid" },
          agentTimeoutMs: 20_000,
          graceMs: 300,
          passEnv: [],
          filters: {},
          limits: { sentences: KNOWN_LIMITS, answers: KNOWN_ANSWERS, waitMs: 300_000 },
          retry: { patienceMs: 10_000, waitMs: { min: 20, max: 200 } },
          githubApiUrl: fake.url,
          goal: "pull_request",
          metadata: { model: "scripted-1" },
          ...options,
        },
      };
    },
    lease: (claim, leaseSeconds = 60) =>
      holdLease(queue, claim, {
        leaseSeconds,
        claimedAt: performance.now(),
        shutdown: bench.shutdown.signal,
        log: (event) => lines.push(event),
      }),
    async run(command, wish, options) {
      const claim = bench.claim(wish);
      return await runTask(bench.deps(command, options), claim, bench.lease(claim));
    },
    git,
    commit(branch, file, text) {
      const exists = git("for-each-ref", "--format=x", `refs/heads/${branch}`) !== "";
      return addCommit(gitDir, branch, exists, `write ${file}`, { [file]: text });
    },
    leftovers: () => readdirSync(tasks),
    async close() {
      await fake.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** A bare repository with one commit of some files. */
function createRepository(gitDir: string, files: Readonly<Record<string, string>>): void {
  execFileSync("git", ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", gitDir], {
    env: GIT_ENV,
  });
  addCommit(gitDir, "main", false, "first", { "README.md": "Shop\n", ...files });
}

/** Adds a commit to a branch by one process; returns its id. */
function addCommit(
  gitDir: string,
  branch: string,
  exists: boolean,
  message: string,
  files: Readonly<Record<string, string>>,
): string {
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const input = [
    `commit refs/heads/${branch}\nmark :1\ncommitter t <t@example.org> now\n${data(message)}`,
    exists ? `from refs/heads/${branch}^0\n` : "",
    ...Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`),
    "get-mark :1\ndone\n",
  ].join("");
  return execFileSync("git", ["fast-import", "--quiet", "--done", "--date-format=now"], {
    cwd: gitDir,
    encoding: "utf8",
    input,
    env: GIT_ENV,
  }).trim();
}

const GIT_ENV = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };

function runGit(cwd: string, ...args: string[]): string {
  return execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: GIT_ENV,
  }).trim();
}
