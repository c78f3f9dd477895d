import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { runTask } from "./run-task.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Errors of servers, and tasks whose columns would make a worker do what it must not do.

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
  const kind = outcome === "later"
    ? bench.queue.later.at(-1)?.reason.split(":")[0]
    : bench.queue.failures.at(-1)?.error_kind;
  return `${outcome} ${kind}`;
}

describe("repositories and branches that a user wrote", () => {
  test("a URL is checked before any request", async () => {
    expect(await failed(EDIT, { repo_url: "ext::sh -c touch% x" })).toBe("failed repository_refused");
    expect(await failed(EDIT, { repo_url: "https://evil.example/acme/shop" })).toBe(
      "later repository_refused",
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

  test("a branch next to which there can't be the task's, before the agent is run", async () => {
    bench.commit("release", "x", "x\n");
    bench.commit("v1/next", "x", "x\n");
    for (const pr_branch of ["release/7", "main/7", "v1", "\u{1f600}".repeat(80)]) {
      expect(await failed(ONCE, { pr_branch }), pr_branch).toBe("failed branch_invalid");
    }
    expect(runs()).toBe(0);
  });
});

describe("servers that answer an error", () => {
  test("a repository that the token may not read", async () => {
    const shop = bench.fake.state.repo("acme", "shop");
    if (shop) shop.members = ["somebody"];
    expect(await failed(EDIT)).toBe("retried clone_denied");
  });

  test("a wrong token, and no token", async () => {
    const [maya] = bench.fake.state.users;
    if (maya) maya.token = "ghp_another";
    expect(await failed(EDIT)).toBe("retried clone_denied");
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
        "retried clone_denied",
      );
    } finally {
      await other.close();
    }
  });

  test("a server that is down: the task is retried", async () => {
    await bench.fake.stop();
    expect(await failed(EDIT)).toBe("later clone_failed");
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

  test("a token that may not push: the agent is not run", async () => {
    const shop = bench.fake.state.repo("acme", "shop");
    if (shop) Object.assign(shop, { isPrivate: false, members: ["somebody"] });
    expect(await failed(ONCE)).toBe("retried push_forbidden");
    expect(runs()).toBe(0);
  });

  test.each(some(1, [
    [{ status: 403, body: { message: "Resource not accessible" } }, "retried pr_denied"],
    [{ status: 422, body: { message: "Validation Failed" } }, "failed pr_refused"],
    [
      { status: 429, headers: { "retry-after": "7200" }, body: { message: "slow down" } },
      "later pr_failed",
    ],
  ]))("GitHub's %j to a pull request", async (fault, outcome) => {
    bench.fake.state.faults.push({ path: "/pulls", method: "POST", ...fault });
    expect(await failed(EDIT)).toBe(outcome);
  });
});

/** Counts how often it was run. */
const ONCE = `echo run >> "$HOME/runs"; ${EDIT}; echo Done.`;
const runs = (): number =>
  existsSync(join(bench.folder, "runs"))
    ? readFileSync(join(bench.folder, "runs"), "utf8").split("\n").length - 1
    : 0;

/** A program of the server that answers each push of a reference with a reason, the first `times` times. */
function rejectPushes(reason: string, times: number): void {
  const line = `ng refs/heads/fixloop/task-7 ${reason}`;
  const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
  const script = `#!/bin/sh
count=$(cat rejected 2>/dev/null || echo 0)
printf '${packet("version=1\n").replace("\n", "\\n")}0000'
if [ "$count" -ge ${times} ]; then
  printf '${packet("ok refs/heads/fixloop/task-7\n").replace("\n", "\\n")}${
    packet("option fall-through\n").replace("\n", "\\n")
  }0000'
else
  echo $((count + 1)) > rejected
  printf '${packet(`${line}\n`).replace("\n", "\\n").replaceAll("'", `'"'"'`)}0000'
fi
cat > /dev/null
`;
  mkdirSync(join(bench.gitDir, "hooks"), { recursive: true });
  writeFileSync(join(bench.gitDir, "hooks/proc-receive"), script, { mode: 0o755 });
  bench.git("config", "receive.procReceiveRefs", "refs/heads/fixloop");
}

describe("faults of a server after the agent has ended are waited for, and the agent is run once", () => {
  test.each(some(1, [
    "Internal Server Error",
    "cannot lock ref",
    "failed to update ref",
    "remote failure",
    "fatal error in commit_refs",
    "timed out",
  ]))("a push that is rejected with: %s", async (reason) => {
    rejectPushes(reason, 2);
    expect(await bench.run(ONCE), bench.lines.join("\n")).toBe("completed");
    expect(runs()).toBe(1);
    expect(bench.lines.filter((line) => line.includes("trying again"))).toHaveLength(2);
    expect(bench.git("show", "fixloop/task-7:README.md")).toContain("hello");
  });

  test.each(some(1, [
    "protected branch hook declined",
    "pre-receive hook declined",
    "GH013: Repository rule violations found",
    "push declined due to repository rule violations",
    "refusing to allow a Personal Access Token to create or update workflow",
    "deny updating a hidden ref",
  ]))("a rule ends the task: %s", async (reason) => {
    rejectPushes(reason, 9);
    expect(await failed(ONCE)).toBe("failed push_denied");
    expect(runs()).toBe(1);
  });

  test("a lock that somebody holds, and a branch in the way", async () => {
    mkdirSync(join(bench.gitDir, "refs/heads/fixloop"), { recursive: true });
    const lock = join(bench.gitDir, "refs/heads/fixloop/task-7.lock");
    writeFileSync(lock, "");
    const running = bench.run(ONCE);
    await expect.poll(() => bench.lines.join("\n")).toContain("trying again");
    rmSync(lock);
    expect(await running).toBe("completed");
    expect(runs()).toBe(1);
    bench.git("branch", "taken", "main");
    expect(await failed(EDIT, { pr_branch: "taken/by" })).toBe("failed branch_invalid");
  });

  test.each(some(2, [
    ["git", { status: 500 }],
    ["git", { status: 503 }],
    ["git", { hangUp: true }],
    ["pulls", { status: 500, body: "<html>" }],
    ["pulls", { status: 502 }],
    ["pulls", { hangUp: true }],
    ["pulls", { status: 403, headers: { "retry-after": "1" }, body: { message: "secondary limit" } }],
    ["pulls", { status: 429, headers: { "retry-after": "1" }, body: { message: "slow down" } }],
  ]))("%s: %j", async (where, fault) => {
    const path = where === "git" ? "/shop.git/git-receive-pack" : "/pulls";
    bench.fake.state.faults.push({ path, method: "POST", times: 2, ...fault });
    expect(await bench.run(ONCE), bench.lines.join("\n")).toBe("completed");
    expect(runs()).toBe(1);
    expect(bench.fake.state.pulls).toHaveLength(1);
  });

  test.each(some(1, [
    ["git", "/shop.git/git-receive-pack"],
    ["pulls", "/pulls"],
  ]))("a server that stalls: %s", async (_, path) => {
    bench.fake.state.faults.push({ path, method: "POST", delayMs: 3_600_000 });
    const retry = { patienceMs: 100, waitMs: { min: 10, max: 20 } };
    expect(await bench.run(ONCE, {}, { stallMs: 2_000, retry }), bench.lines.join("\n")).toBe("completed");
    expect(runs()).toBe(1);
    expect(bench.lines.filter((line) => line.includes("trying again")).length).toBeGreaterThan(0);
    expect(bench.fake.state.pulls).toHaveLength(1);
  });

  test("a wait that the server names is kept to, also where it is longer than the patience", async () => {
    const headers = { "retry-after": "3" };
    bench.fake.state.faults.push({
      path: "/pulls",
      method: "POST",
      status: 403,
      headers,
      body: { message: "limit" },
    });
    const retry = { patienceMs: 100, waitMs: { min: 10, max: 20 } };
    expect(await bench.run(ONCE, {}, { retry }), bench.lines.join("\n")).toBe("completed");
    expect(runs()).toBe(1);
  });

  test("a server that can't take the commit is asked three times, and then the attempt counts", async () => {
    rejectPushes("unpacker error", 9);
    expect(await failed(ONCE)).toBe("retried push_failed");
    expect(readFileSync(join(bench.gitDir, "rejected"), "utf8").trim()).toBe("3");
  });

  test("a server that does not recover: the task waits, and its attempt does not count", async () => {
    bench.fake.state.faults.push({ path: "/pulls", method: "POST", times: 1000, status: 500 });
    const retry = { patienceMs: 200, waitMs: { min: 10, max: 40 } };
    expect(await failed(ONCE, {}, { retry })).toBe("later pr_failed");
    expect(runs()).toBe(1);
    expect(bench.queue.failures).toEqual([]);

    // what was pushed is recorded, and the next attempt goes on from there
    const execution_metadata = { ...bench.queue.heartbeats.at(-1)?.metadata };
    const next = { execution_metadata, attempt: 1 };
    expect(await failed(ONCE, next, { retry })).toBe("later pr_failed");
    bench.fake.state.faults.length = 0;
    const pushed = bench.git("rev-parse", "fixloop/task-7");
    expect(await bench.run(ONCE, next), bench.lines.join("\n")).toBe("completed");
    expect(runs()).toBe(1);
    expect(bench.queue.completed[0]).toMatchObject({
      commit_hash: pushed,
      pr_number: 1,
      message: "Done.",
      changed_files: [{ path: "README.md" }],
      execution_metadata: { pushed: null },
    });
    expect(bench.queue.completed[0]?.git_patch).toContain("+hello");
    expect(bench.fake.state.pulls[0]?.body).toContain("Done.");

    // but not after the user has asked for something else
    const chat_messages = [...bench.claim().chat_messages, { role: "user", content: "And in the docs." }];
    expect(await bench.run(ONCE, { ...next, chat_messages })).toBe("completed");
    expect(runs()).toBe(2);
  });
});
