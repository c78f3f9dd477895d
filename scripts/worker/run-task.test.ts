import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRunning } from "../../supabase/tests/support/processes.ts";
import { type Bench, openBench, TOKEN } from "./testing/bench.ts";

// One task from its clone to its pull request: git and its server, the agent and GitHub's API are processes
// and HTTP.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(async () => {
  await bench.close();
});

const EDIT = `echo hello >> README.md && echo "I said hello."`;

describe("a change", () => {
  test("is committed, pushed, opened as a pull request and stored in the queue", async () => {
    expect(await bench.run(EDIT)).toBe("completed");
    const [result] = bench.queue.completed;
    expect(result).toMatchObject({
      pr_branch: "fixloop/task-7",
      pr_number: 1,
      pr_url: "https://github.com/acme/shop/pull/1",
      message: "I said hello.",
      changed_files: [{ path: "README.md", status: "modified", additions: 1, deletions: 0 }],
      execution_metadata: { model: "scripted-1", agent_seconds: expect.any(Number) },
    });
    expect(result?.git_diff).toContain("+hello\n");
    expect(result?.git_patch).toMatch(/^From [0-9a-f]{40}[\s\S]*Subject: \[PATCH\] Say hello/);
    const branch = "fixloop/task-7";
    expect(bench.git("rev-parse", branch)).toBe(result?.commit_hash);
    expect(bench.git("show", `${branch}:README.md`)).toBe("Shop\nhello");
    expect(bench.git("log", "-1", "--format=%an <%ae>", branch)).toBe(
      "Fixloop worker <worker@fixloop.invalid>",
    );
    const [pull] = bench.fake.state.pulls;
    expect(pull).toMatchObject({ title: "Say hello", author: "maya", base: { ref: "main" } });
    expect(pull?.body).toContain("I said hello.");
    expect(pull?.body, "the chat stays in the project").not.toContain("In the README.");
    expect(bench.queue.heartbeats.length).toBeGreaterThanOrEqual(2);
    expect(bench.leftovers()).toEqual([]);
  });

  test("has the agent's own commits, and one for uncommitted changes", async () => {
    const agent =
      `echo one > one && git add one && git commit -qm "first of mine" && mkdir d && echo two > "d/t w o"`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.git("log", "--format=%s", "main..fixloop/task-7").split("\n")).toEqual([
      "Say hello",
      "first of mine",
    ]);
    expect(bench.queue.completed[0]?.changed_files).toEqual([
      { path: "d/t w o", status: "added", additions: 1, deletions: 0 },
      { path: "one", status: "added", additions: 1, deletions: 0 },
    ]);
  });

  test("that does not descend from the target becomes one commit that does", async () => {
    const agent = `git checkout -q --orphan other && echo new > new && git add -A && git commit -qm other`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.git("merge-base", "main", "fixloop/task-7")).toBe(bench.git("rev-parse", "main"));
    expect(bench.git("show", "fixloop/task-7:new")).toBe("new");
  });

  test("with renames, deletions and binary files is reported as such", async () => {
    bench.commit("main", "a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n");
    bench.commit("main", "gone", "x\n");
    const agent = `mv a.txt b.txt && rm gone && printf 'a\\000b' > data.bin`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.queue.completed[0]?.changed_files).toEqual([
      { path: "b.txt", status: "renamed", additions: 0, deletions: 0, previous_path: "a.txt" },
      { path: "data.bin", status: "added", additions: null, deletions: null },
      { path: "gone", status: "deleted", additions: 0, deletions: 1 },
    ]);
    expect(bench.queue.completed[0]?.git_patch).toContain("GIT binary patch");
  });

  test("of 10 MB is stored as a whole", async () => {
    const agent = `node -e 'require("fs").writeFileSync("big", "0123456789abcde\\n".repeat(655360))'`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.queue.completed[0]?.git_diff?.length).toBeGreaterThan(10_485_760);
  });

  test("becomes a pull request of the repository that it was pushed to, whatever the project names", async () => {
    bench.fake.state.addRepo({ owner: "acme", name: "books", members: ["maya"], gitDir: bench.gitDir });
    expect(await bench.run(EDIT, { repo_name: "books" })).toBe("completed");
    expect(bench.queue.completed[0]?.pr_url).toBe("https://github.com/acme/shop/pull/1");
  });

  test("continues the task's own branch, and ends after the step that the goal names", async () => {
    bench.commit("main", "main2", "x\n");
    const before = bench.commit("feature/x", "earlier", "kept\n");
    expect(await bench.run(EDIT.replace("README.md", "more"), { pr_branch: "feature/x" }, { goal: "push" }))
      .toBe("completed");
    expect(bench.git("rev-parse", "feature/x~1")).toBe(before);
    expect(bench.fake.state.pulls).toEqual([]);

    expect(await bench.run(EDIT, { task_id: 8 }, { goal: "diff" })).toBe("completed");
    expect(bench.git("branch", "--list", "fixloop/*")).toBe("");
    expect(bench.queue.completed[1]?.git_diff).toContain("+hello");
    expect(bench.queue.completed[1]?.pr_url).toBeUndefined();
  });

  test("replaces the commits of a previous attempt, unless they have an open pull request", async () => {
    expect(await bench.run(EDIT, {}, { goal: "push" })).toBe("completed");
    expect(await bench.run(EDIT, { attempt: 2 })).toBe("completed");
    expect(bench.git("log", "--format=%s", "main..fixloop/task-7")).toBe("Say hello");
    bench.commit("fixloop/task-7", "theirs", "a person's\n");
    expect(await bench.run(`echo again > again`, { attempt: 3 })).toBe("completed");
    expect(bench.git("log", "--format=%s", "main..fixloop/task-7").split("\n")).toEqual([
      "Say hello",
      "write theirs",
      "Say hello",
    ]);
    expect(bench.fake.state.pulls).toHaveLength(1);
    expect(bench.queue.completed[2]?.pr_number).toBe(1);
    expect(bench.lines.join("\n")).toContain("found pull request");
  });
});

describe("no change", () => {
  test("completes with the agent's report, and does not change the repository", async () => {
    expect(await bench.run(`echo "It is right as it is."`)).toBe("completed");
    expect(bench.queue.completed).toEqual([{
      message: "It is right as it is.",
      execution_metadata: { model: "scripted-1", agent_seconds: expect.any(Number) },
    }]);
    expect(bench.git("branch", "--list").trim()).toBe("* main");
    expect(bench.fake.state.pulls).toEqual([]);
  });

  test("a repository that the agent cloned into its own is not a change", async () => {
    expect(
      await bench.run(
        `git init -q lib && git -C lib -c user.name=x -c user.email=x@x.org commit -q --allow-empty -m x`,
      ),
    ).toBe("completed");
    expect(bench.queue.completed[0]?.commit_hash).toBeUndefined();
  });
});

describe("the agent gets", () => {
  test("the prompt by standard input and as a file, the task as JSON, and a file for its metadata", async () => {
    const agent = `cat > got && cmp got "$FIXLOOP_PROMPT_FILE" && cp "$FIXLOOP_TASK_FILE" task.json &&
      echo '{"model": "fine-1", "cost_usd": 0.02}' > "$FIXLOOP_METADATA_FILE" && pwd > where && git remote -v > remote`;
    const chat = [{ role: "user", content: "first" }, { role: "assistant", content: "second" }];
    expect(await bench.run(agent, { chat_messages: chat, github_token: "secret:1" })).toBe("completed");
    const file = (name: string): string => bench.git("show", `fixloop/task-7:${name}`);
    expect(file("got")).toBe("## user\n\nfirst\n\n## assistant\n\nsecond");
    const task = JSON.parse(file("task.json")) as Record<string, unknown>;
    expect(task).toMatchObject({ task_id: 7, branch: "fixloop/task-7", chat_messages: chat });
    expect(task).not.toHaveProperty("github_token");
    expect(file("where")).toMatch(/task-7-\w+\/work$/);
    expect(file("remote")).toContain(`${bench.fake.url}/acme/shop.git`);
    expect(bench.queue.completed[0]?.execution_metadata).toMatchObject({ model: "fine-1", cost_usd: 0.02 });
  });

  test("only the harmless and the named variables of the worker's environment", async () => {
    Object.assign(bench.environment, {
      SUPABASE_SECRET_KEY: "sb_secret_x",
      WORKER_TOKEN: "flw_x",
      GITHUB_TOKEN: TOKEN,
      AGENT_KEY: "for-the-agent",
      LANG: "C.UTF-8",
    });
    expect(await bench.run(`env > env`, {}, { passEnv: ["AGENT_KEY"] })).toBe("completed");
    const names = bench.git("show", "fixloop/task-7:env").split("\n").map((line) => line.split("=")[0]);
    expect(names).toEqual(expect.arrayContaining(["PATH", "HOME", "LANG", "AGENT_KEY", "FIXLOOP_TASK_ID"]));
    expect(names.filter((name) => /SUPABASE|TOKEN|GIT_/.test(name ?? ""))).toEqual([]);
  });
});

describe("an agent that fails", () => {
  const failure = () => bench.queue.failures[0];

  test("an exit code is a failure that is retried, 65 is not", async () => {
    expect(await bench.run(`echo "out of luck" >&2; exit 3`)).toBe("retried");
    expect(failure()).toMatchObject({ error_kind: "agent_failed", retryable: true });
    expect(failure()?.error).toBe("The agent ended with exit code 3:\nout of luck");
    expect(await bench.run(`exit 65`)).toBe("failed");
    expect(await bench.run(`no-such-agent`)).toBe("later");
    expect(bench.queue.later[0]?.reason).toContain("agent_missing");
    expect(bench.leftovers()).toEqual([]);
  });

  test("one that takes too long is ended with all its processes, also when it ignores SIGTERM", async () => {
    const pids = join(bench.folder, "pids");
    const agent =
      `trap '' TERM; (trap '' TERM; echo $$ >> ${pids}; exec sleep 60) & echo $! >> ${pids}; wait; sleep 60`;
    const began = performance.now();
    expect(await bench.run(agent, {}, { agentTimeoutMs: 500, graceMs: 200 })).toBe("retried");
    expect(performance.now() - began, "less than the agent sleeps").toBeLessThan(55_000);
    expect(failure()).toMatchObject({ error_kind: "agent_timeout", error: "The agent was ended after 1 s." });
    const started = new Set(readFileSync(pids, "utf8").trim().split("\n"));
    await expect.poll(() => [...started].filter((pid) => isRunning(Number(pid)))).toEqual([]);
  });

  test("endless output does not fill the memory", async () => {
    const agent =
      `node -e 'const l = "x".repeat(65535) + "\\n"; for (let i = 0; i < 2000; i++) process.stdout.write(l)
      ; process.stdout.write("the end")' && echo y > y`;
    const before = process.memoryUsage().arrayBuffers;
    expect(await bench.run(agent)).toBe("completed");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    const message = bench.queue.completed[0]?.message ?? "";
    expect(message.length).toBeLessThanOrEqual(8_000);
    expect(message).toMatch(/the end$/);
  });

  test("a key of the worker that it prints or commits is not published", async () => {
    expect(await bench.run(`echo "the key is ${TOKEN}" && echo fine > fine`)).toBe("completed");
    expect(bench.queue.completed[0]?.message).toBe("the key is [redacted]");
    const told = `printf '{"model": "m", "key": ["${TOKEN}"]}' > "$FIXLOOP_METADATA_FILE"; echo told > told`;
    expect(await bench.run(told, { task_id: 8 })).toBe("completed");
    expect(bench.queue.completed[1]?.execution_metadata).toMatchObject({ model: "m", key: ["[redacted]"] });
    expect(await bench.run(`echo "${TOKEN}" >&2; exit 1`)).toBe("retried");
    expect(bench.queue.failures[0]?.error).not.toContain(TOKEN);
    expect(await bench.run(`echo "${TOKEN}" > key`, { task_id: 9 })).toBe("failed");
    expect(bench.queue.failures[1]?.error_kind).toBe("secret_in_changes");
    expect(bench.git("branch", "--list", "fixloop/task-9")).toBe("");
    expect(bench.lines.join("\n") + JSON.stringify(bench.queue)).not.toContain(TOKEN);
  });

  test("programs in its clone's configuration are not run by the worker", async () => {
    const trace = join(bench.folder, "trace");
    const program = `sh -c "echo run by us with $FIXLOOP_GIT_TOKEN >> ${trace}"`;
    const agent = `git config core.fsmonitor '${program}' && git config core.sshCommand '${program}' &&
      git config credential.helper '!${program}' && git config uploadpack.packObjectsHook '${program}' && git config filter.x.clean '${program}' &&
      git config diff.external '${program}' && mkdir -p .git/info && echo 'y filter=x' > .git/info/attributes && echo y > y &&
      git config url.${bench.folder}/elsewhere.insteadOf ${bench.fake.url} && git config http.proxy http://127.0.0.1:1 &&
      mkdir -p .git/hooks && for hook in pre-commit post-commit pre-push post-checkout reference-transaction; do
        printf '#!/bin/sh\\n%s\\n' '${program}' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done && echo x > x
      rm -f ${trace}`;
    expect(await bench.run(agent)).toBe("completed");
    expect(() => readFileSync(trace)).toThrow("ENOENT");
    expect(bench.git("show", "fixloop/task-7:x")).toBe("x");
  });

  test("a link in place of the clone is not followed", async () => {
    const agent = `cd .. && rm -rf work && ln -s ${bench.folder} work`;
    expect(await bench.run(agent)).toBe("retried");
    expect(failure()).toMatchObject({ error_kind: "commit_failed" });
  });
});
