import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { bin, ROOT } from "../../../scripts/local/paths.ts";
import { openTestProject, type TestProject } from "../support/database.ts";
import { server, signUp } from "../support/people.ts";

// The programs of examples/, each as a user runs it.

const run = promisify(execFile);
const file = (name: string): string => join(ROOT, "examples", name);

let project: TestProject;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  project = await openTestProject();
  env = {
    PATH: process.env.PATH,
    NO_COLOR: "1",
    SUPABASE_URL: project.url,
    SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
    SUPABASE_SECRET_KEY: project.secretKey,
    CIRCLE_WEBHOOK_URL: project.circleWebhookUrl,
  };
});

afterAll(() => project?.close());

async function runExample(name: string, ...args: string[]): Promise<string> {
  return (await run(bin("node"), [file(name), ...args], { env })).stdout;
}

test("every program is tested here", () => {
  expect(readdirSync(join(ROOT, "examples")).sort()).toEqual([
    "answer-visitors.ts",
    "client.ts",
    "queue-task.ts",
    "search-issues.ts",
    "send-message.ts",
    // in support-widget.test.ts
    "support-widget",
    "watch-issues.ts",
  ]);
});

test("send-message.ts prints the issue, and search-issues.ts finds it", async () => {
  const sent = await runExample("send-message.ts", "The export to CSV has no header", "Code");
  expect(sent).toContain("title: 'The export to CSV has no header'");
  expect(sent).toContain("segment: 'code'");
  expect(sent).toContain("submitted_by: 'Ana Ruiz'");

  const found = await runExample("search-issues.ts", "csv", "export");
  expect(found).toMatch(/^#\d+ The export to CSV has no header \(waiting_for_help, code\)\n {3}.*\*\*/);
  expect(await runExample("search-issues.ts", "nobody-wrote-this")).toBe("No issue matches.\n");
});

test("watch-issues.ts prints a new issue, and its change", async () => {
  const child = spawn(bin("node"), [file("watch-issues.ts")], { env, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (pattern: RegExp): Promise<void> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("The program ended.");
      if (pattern.test(value)) return;
    }
  };
  try {
    await nextLine(/^Watching issues/);
    const supabase = server(project);
    const { data: issue } = await supabase.from("issues")
      .insert({ title: "Watched", segment: "code", submitted_by: "Lee Park" })
      .select("id").single().throwOnError();
    await nextLine(/ waiting_for_help {2}Watched$/);
    await supabase.from("issues").update({ status: "blocked" }).eq("id", issue.id).throwOnError();
    await nextLine(/ blocked {2}Watched$/);
  } finally {
    child.kill();
    await once(child, "exit");
  }
});

test("queue-task.ts queues a task, and again as the same user", async () => {
  const args = ["https://github.com/acme/shop", "Fix the typo", "queue@example.org", "a-long-password"];
  await expect(runExample("queue-task.ts", ...args)).rejects.toThrow("Confirm the address with the mail");
  expect((await fetch(lastMail(project, "queue@example.org").link ?? "", { redirect: "manual" })).status)
    .toBe(303);
  for (let i = 0; i < 2; i++) {
    const output = await runExample("queue-task.ts", ...args);
    expect(output).toContain("status: 'pending'");
    expect(output).toContain("repo_url: 'https://github.com/acme/shop'");
  }
  const { data: projects } = await server(project).from("projects").select("name, tasks (status)");
  expect(projects).toEqual([{ name: "shop", tasks: [{ status: "pending" }, { status: "pending" }] }]);
});

test("answer-visitors.ts lists who waits for a person, and answers the first", async () => {
  const password = "a-long-test-password";
  await signUp(project, "helper", "agent");
  const support = server(project).schema("support");
  expect(await runExample("answer-visitors.ts", "helper@example.org", password)).toBe("Nobody waits.\n");
  const { data: visitor } = await support.rpc("start_conversation").throwOnError();
  const { session_id, conversation_id } = visitor as Record<string, string>;
  await support.rpc("request_human", { session_id: session_id ?? "", request: "Please help" }).throwOnError();
  const output = await runExample("answer-visitors.ts", "helper@example.org", password, "On my way");
  expect(output).toContain("raised 0 times: Please help");
  expect(output).toContain(`answered in conversation ${conversation_id}: On my way`);
  expect(await runExample("answer-visitors.ts", "helper@example.org", password)).toBe("Nobody waits.\n");
});

test("without the environment file, a program names what is missing", async () => {
  await expect(run(bin("node"), [file("search-issues.ts"), "x"], { env: { PATH: process.env.PATH } })).rejects
    .toThrow(/SUPABASE_URL is not set\. Run npm start/);
});
