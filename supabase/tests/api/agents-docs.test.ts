import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { openTestProject, type TestProject } from "../support/database.ts";
import { anonymous } from "../support/people.ts";

// The examples of docs/agents.md, copied from the page and run one after the other by somebody who is not in the team.

const page = readFileSync(join(ROOT, "docs/agents.md"), "utf8");

let project: TestProject;

beforeAll(async () => {
  project = await openTestProject();
  await confirmedSignUp(project, anonymous(project), {
    email: "you@example.org",
    password: "a-long-password",
  });
});

afterAll(async () => {
  await project?.close();
});

test("its examples run unchanged", async () => {
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);
  expect(blocks.length).toBeGreaterThan(4);
  const told = "{ projects, tasks, list, opened, message, created, revokedAt, pulls }";
  const script = `${blocks.join("\n")}\nconsole.log(JSON.stringify(${told}));`;
  const { stdout } = await promisify(execFile)(
    "node",
    ["--input-type=module-typescript", "--eval", script],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
        SUPABASE_URL: project.url,
        SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
      },
    },
  );
  const [shown, json] = stdout.trim().split("\n");
  expect(shown).toMatch(/^flw_/);
  expect(JSON.parse(json ?? "")).toMatchObject({
    tasks: [{ status: "pending" }],
    list: [{ status: "pending", agent: "claude", diff_bytes: null, projects: { name: "Shop" } }],
    opened: { chat_messages: [{ content: "Optimize the README file" }], git_diff: null, task_attempts: [] },
    message: { role: "user", content: "And the CONTRIBUTING file, please" },
    created: [{ token: shown }],
    revokedAt: expect.stringMatching(/^20/),
    pulls: [],
  });
});

test("its documents exist", () => {
  for (const name of ["docs/agents.md", "scripts/worker/README.md"]) {
    for (
      const [, target = ""] of readFileSync(join(ROOT, name), "utf8").matchAll(/\]\(((?!https?:)[^)#]+)/g)
    ) {
      const file = join(ROOT, name, "..", target);
      expect(() => readFileSync(file), `${name} links to ${target}`).not.toThrow();
    }
  }
});
