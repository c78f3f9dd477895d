import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runTask } from "./run-task.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Errors of servers, and tasks whose columns would make a worker do what it must not do.

vi.setConfig({ testTimeout: 90_000 });

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(async () => {
  await bench.close();
});

const EDIT = `echo hello >> README.md`;

/** Runs a task that has to fail; returns its outcome and the kind of the failure. */
async function failed(...args: Parameters<Bench["run"]>): Promise<string> {
  const outcome = await bench.run(...args);
  return `${outcome} ${bench.queue.failures.at(-1)?.error_kind}`;
}

describe("repositories and branches that a user wrote", () => {
  test("a URL is checked before any request", async () => {
    expect(await failed(EDIT, { repo_url: "https://evil.example/acme/shop" })).toBe(
      "failed repository_refused",
    );
    expect(bench.fake.state.requests).toEqual([]);
  });

  test("a name that is an option, or not a branch name", async () => {
    for (const name of ["--force", "a..b", "a b", "HEAD", "x.lock", "@{-1}", "x~1", ""]) {
      expect(await failed(EDIT, { target_branch: name }), name).toBe("failed branch_invalid");
      expect(await failed(EDIT, { pr_branch: name }), name).toBe("failed branch_invalid");
    }
  });

  test("the task's branch is neither the target nor the repository's default branch", async () => {
    bench.commit("release", "x", "x\n");
    expect(await failed(EDIT, { pr_branch: "main" })).toBe("failed branch_invalid");
    expect(await failed(EDIT, { pr_branch: "main", target_branch: "release" })).toBe("failed branch_invalid");
    expect(await failed(EDIT, { target_branch: "gone" })).toBe("failed target_branch_missing");
  });
});

describe("servers that answer an error", () => {
  test("a repository that the token may not read", async () => {
    const shop = bench.fake.state.repo("acme", "shop");
    if (shop) shop.members = ["somebody"];
    expect(await failed(EDIT)).toBe("failed clone_denied");
  });

  test("a wrong token, and no token", async () => {
    const [maya] = bench.fake.state.users;
    if (maya) maya.token = "ghp_another";
    expect(await failed(EDIT)).toBe("failed clone_denied");
    const claim = bench.claim();
    const deps = { ...bench.deps(EDIT), githubToken: () => Promise.resolve(null) };
    expect(await runTask(deps, claim, bench.lease(claim))).toBe("failed");
    expect(bench.queue.failures[1]?.error_kind).toBe("github_token_missing");
  });

  test("only GitHub's host gets the token", async () => {
    const other = await openBench();
    try {
      const host = new URL(other.fake.url).host;
      const rules = { protocols: ["https", "http"], hosts: [host] };
      expect(await failed(EDIT, { repo_url: `${other.fake.url}/acme/shop.git` }, { rules })).toBe(
        "failed clone_denied",
      );
    } finally {
      await other.close();
    }
  });

  test("a server that is down: the task is retried", async () => {
    await bench.fake.stop();
    expect(await failed(EDIT)).toBe("retried clone_failed");
  });

  test("a branch that somebody else pushed to meanwhile is not changed", async () => {
    const work = join(bench.folder, "meanwhile");
    const agent = `${EDIT} && git clone -q ${bench.gitDir} ${work} && cd ${work} &&
      git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m theirs &&
      git push -q origin HEAD:refs/heads/fixloop/task-7`;
    expect(await failed(agent)).toBe("retried push_rejected");
    expect(bench.git("log", "-1", "--format=%s", "fixloop/task-7")).toBe("theirs");
    expect(bench.fake.state.pulls).toEqual([]);
  });

  test("a protected branch", async () => {
    mkdirSync(join(bench.gitDir, "hooks"), { recursive: true });
    const hook = join(bench.gitDir, "hooks/pre-receive");
    writeFileSync(hook, "#!/bin/sh\nexit 1\n");
    chmodSync(hook, 0o755);
    expect(await failed(EDIT)).toBe("failed push_denied");
  });

  test.each([
    [{ status: 403, body: { message: "Resource not accessible" } }, "failed pr_denied"],
    [
      { status: 403, headers: { "retry-after": "60" }, body: { message: "secondary limit" } },
      "retried pr_failed",
    ],
    [{ status: 429, body: { message: "slow down" } }, "retried pr_failed"],
    [{ status: 500, body: "<html>" }, "retried pr_failed"],
    [{ hangUp: true }, "retried pr_failed"],
    [{ status: 422, body: { message: "Validation Failed" } }, "failed pr_refused"],
  ])("GitHub's %j to a pull request", async (fault, outcome) => {
    bench.fake.state.faults.push({ path: "/pulls", method: "POST", ...fault });
    expect(await failed(EDIT)).toBe(outcome);
  });
});
