import { describe, expect, test } from "vitest";
import { HELP, parseSettings, UsageError } from "./options.ts";

const keys = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_x",
  WORKER_TOKEN: "flw_x",
  GITHUB_TOKEN: "ghp_x",
};
const enough = ["--agents", "claude", "--command", "claude -p"];
const read = (args: string[] = enough, environment: Record<string, string> = keys) =>
  parseSettings(args, environment, false);

describe("keys", () => {
  test("a worker's token needs the publishable key, and the secret key is then not used", () => {
    expect(read(enough, { ...keys, SUPABASE_SECRET_KEY: "sb_secret_x" })).toMatchObject({
      apiKey: "sb_publishable_x",
      workerToken: "flw_x",
      secretKey: undefined,
    });
  });

  test("a server's own worker has the secret key", () => {
    const { SUPABASE_URL } = keys;
    expect(read(enough, { SUPABASE_URL, SUPABASE_SECRET_KEY: "sb_secret_x" })).toMatchObject({
      apiKey: "sb_secret_x",
      workerToken: undefined,
      secretKey: "sb_secret_x",
    });
  });

  test.each([
    {},
    { SUPABASE_URL: "nowhere", WORKER_TOKEN: "flw_x", SUPABASE_PUBLISHABLE_KEY: "k" },
    { SUPABASE_URL: keys.SUPABASE_URL },
    { SUPABASE_URL: keys.SUPABASE_URL, WORKER_TOKEN: "flw_x" },
    { SUPABASE_URL: keys.SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY: "k" },
  ])("%j is not enough", (environment) => {
    expect(() => read(enough, environment)).toThrow(UsageError);
  });
});

describe("a worker's token without GITHUB_TOKEN", () => {
  const { GITHUB_TOKEN: _, ...without } = keys;

  test.each([
    [[]],
    [["--goal", "pr"]],
    [["--goal", "push"]],
    [["--goal", "push", "--allow-protocol", "http"]],
    [[
      "--allow-protocol",
      "ssh",
    ]],
  ])("can't push: %j", (args) => {
    expect(() => read([...enough, ...args], without)).toThrow("GITHUB_TOKEN is not set");
  });

  test("is enough for diffs, and to push by ssh, where https is then not tried", () => {
    const rules = (...args: string[]) => read([...enough, ...args], without).task.rules.protocols;
    expect(rules("--goal", "diff")).toEqual(["https"]);
    expect(rules("--goal", "push", "--allow-protocol", "ssh", "--allow-protocol", "http")).toEqual(["ssh"]);
  });

  test("is not needed by a server's worker, which has the tokens of the tasks' owners", () => {
    const server = { SUPABASE_URL: keys.SUPABASE_URL, SUPABASE_SECRET_KEY: "sb_secret_x" };
    expect(read(enough, server).githubToken).toBeUndefined();
  });
});

describe("arguments", () => {
  test("every agent has its command", () => {
    const { task, agents } = read([
      ...["--agents", "claude, codex,other", "--command", "claude=claude -p --x=1"],
      ...["--command", "codex=codex exec -", "--command", "run --any=thing"],
    ]);
    expect(agents).toEqual(["claude", "codex", "other"]);
    expect(agents.map(task.commandOf)).toEqual(["claude -p --x=1", "codex exec -", "run --any=thing"]);
    expect(() => read(["--agents", "a,b", "--command", "a=x"])).toThrow(
      "--command is missing: how to run b.",
    );
  });

  test("clones come from GitHub's host by https, and from what the options allow", () => {
    expect(read().task.rules).toEqual({ protocols: ["https"], hosts: ["github.com"] });
    const environment = { ...keys, GITHUB_API_URL: "https://ghe.acme.example/api/v3" };
    const more = ["--allow-protocol", "ssh", "--allow-host", "gitea.acme.example:3000"];
    expect(read([...enough, ...more], environment).task.rules).toEqual({
      protocols: ["https", "ssh"],
      hosts: ["ghe.acme.example", "gitea.acme.example:3000"],
    });
  });

  test.each([
    [[]],
    [["--agents", " , ", "--command", "x"]],
    [["--agents", "a"]],
    [[...enough, "--lease", "4"]],
    [[...enough, "--lease", "soon"]],
    [[...enough, "--concurrency", "0"]],
    [[...enough, "--goal", "merge"]],
    [[...enough, "--goal", "toString"]],
    [[...enough, "--allow-protocol", "ext"]],
    [[...enough, "--author", "nobody"]],
    [[...enough, "--author", 'a" <x@y>']],
    [[...enough, "--unknown"]],
    [[...enough, "stray"]],
  ])("%j is rejected", (args) => {
    expect(() => read(args)).toThrow(UsageError);
  });

  test("the help names every option", () => {
    for (
      const name of [
        ...[
          "agents",
          "command",
          "once",
          "concurrency",
          "worker",
          "model",
          "lease",
          "timeout",
          "grace",
          "idle",
        ],
        ...["goal", "depth", "work-dir", "keep", "author", "pass-env", "allow-host", "allow-protocol", "log"],
      ]
    ) expect(HELP, name).toContain(`--${name} `);
  });
});
