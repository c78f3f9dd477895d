import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous } from "../support/people.ts";
import {
  addAccounts,
  connectTo,
  startSyncProviders,
  syncPlatforms,
  type SyncProviders,
} from "../support/sync.ts";

// The examples of docs/devpulse-sync.md and docs/devpulse.md, copied from the pages.

const PAGES = ["docs/devpulse.md", "docs/devpulse-sync.md", "docs/providers.md"];
const read = (page: string): string => readFileSync(join(ROOT, page), "utf8");

let providers: SyncProviders;
let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  providers = await startSyncProviders();
  project = await openTestProject({ functions: { env: providers.env } });
  sql = connect(project.database);
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await providers?.stop();
});

test("its example runs unchanged", async () => {
  const person = { email: "you@example.org", password: "a-long-password" };
  const id = await confirmedSignUp(project, anonymous(project), person);
  await connectTo(sql, providers, id, "devto", addAccounts(providers, "you"));
  await syncPlatforms(project);
  const blocks = blocksOf("docs/devpulse-sync.md");
  expect(blocks).toHaveLength(1);
  expect(await run(`${blocks[0]}\nconsole.log(JSON.stringify({ sync, runs }));`)).toMatchObject({
    sync: { state: "due", next_attempt_at: expect.any(String) },
    runs: [{ platform: "devto", state: "succeeded", cost: 1, error_code: null }],
  });
});

test("the first page leads from nothing to a number", async () => {
  await sql`delete from auth.users`;
  const person = { email: "you@example.org", password: "a-long-password" };
  await confirmedSignUp(project, anonymous(project), person);
  const user = providers.devto.state.addUser({ username: "new", apiKey: "key-from-dev-to-settings" });
  providers.devto.state.addArticle(user, { title: "Hello", views: 7 });
  const [first, second] = blocksOf("docs/devpulse.md");
  expect(await run(`${first}\nconsole.log(JSON.stringify(sync));`)).toMatchObject({ state: "due" });
  await syncPlatforms(project);
  await sql`select private.run_snapshots()`;
  const signIn = first?.slice(0, first.indexOf("//"));
  expect(await run(`${signIn}${second}\nconsole.log(JSON.stringify({ last: views.at(-1), dashboard }));`))
    .toMatchObject({
      last: { value: 7, is_gap: false },
      dashboard: { top: { articles: [{ view_count: 7 }] } },
    });
});

const blocksOf = (page: string) => [...read(page).matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);

/** What a program prints, which runs in a process of its own. */
async function run(program: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    "node",
    ["--input-type=module-typescript", "--eval", program],
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
  return JSON.parse(stdout);
}

test("an operator's statements of the page on providers work", async () => {
  const statements = [...read("docs/providers.md").matchAll(/`((?:update|insert into) private[^`]+)`/g)]
    .map(([, statement = ""]) => statement.replaceAll(/\s+/g, " "));
  expect(statements).toHaveLength(2);
  for (const statement of statements) await sql.unsafe(statement);
});

test("what the pages link to exists", () => {
  for (const page of PAGES) {
    for (const [, target = ""] of read(page).matchAll(/\]\(((?!https?:)[^)#]+)/g)) {
      expect(() => read(join(page, "..", target)), `${page} links to ${target}`).not.toThrow();
    }
  }
});
