import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { shellPath } from "../support/shell.ts";

// The README's own commands, copied from the page and run against a stack.

const run = promisify(execFile);
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

let project: TestProject;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  project = await openTestProject();
  env = {
    ...process.env,
    PATH: shellPath(),
    SUPABASE_URL: project.url,
    SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
    SUPABASE_SECRET_KEY: project.secretKey,
    CIRCLE_WEBHOOK_URL: project.circleWebhookUrl,
  };
});

afterAll(async () => {
  await project?.close();
});

/** The fenced blocks below a heading. */
function blocks(heading: string): string[] {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  expect(section, `the README has a section "${heading}"`).toBeDefined();
  return [...section?.matchAll(/```\w+\n(.*?)```/gs) ?? []].map((match) => match[1] ?? "");
}

async function shell(heading: string): Promise<string> {
  const script = blocks(heading)[0]?.replace("source .local/env\n", "") ?? "";
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd: ROOT, env });
  return stdout;
}

test("its commands make an admin, send a message, and work on it with supabase-js", async () => {
  expect(await shell("Make yourself a team member")).toContain("you@example.org is now admin");

  expect(JSON.parse(await shell("Send a message"))).toMatchObject({ status: "processed", processed: 1 });

  const script = `${blocks("From supabase-js")[0]}\nconsole.log(JSON.stringify({ issues, log }));\n`;
  const { stdout } = await run("node", ["--input-type=module-typescript", "--eval", script], {
    cwd: ROOT,
    env,
  });
  expect(JSON.parse(stdout)).toMatchObject({
    issues: [{ seq_id: 1, title: "Login loop", segment: "auth", submitted_by: "Ana Ruiz" }],
    log: [{ new_status: "waiting_for_help" }, { new_status: "resolved", changed_by: "you" }],
  });

  const query = blocks("From psql")[0]?.match(/-c "(.*)"/)?.[1] ?? "";
  const sql = connect(project.database);
  expect(await sql.unsafe(query)).toMatchObject([{ issue_title: "Login loop", status: "resolved" }]);
  await sql.end();
});

test("its documents exist", () => {
  for (const [, target = ""] of readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
    expect(() => readFileSync(join(ROOT, target)), target).not.toThrow();
  }
});
