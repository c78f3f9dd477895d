import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeDevto, startFakeDevto } from "../../../scripts/fakes/devto.ts";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { allowReturn, type Providers, startProviders } from "../support/connections.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous } from "../support/people.ts";

// The examples of docs/devpulse-connections.md, copied from the page and run one after the other, with a browser that agrees to
// everything.

const PAGE = "docs/devpulse-connections.md";
const page = readFileSync(join(ROOT, PAGE), "utf8");

/** `location`, as a page has it: it follows redirects as far as the app's own address, and keeps cookies. */
const BROWSER = `
const cookies = [];
let navigated = Promise.resolve();
const location = {
  href: "https://app.example/",
  assign(url) {
    navigated = (async () => {
      while (!url.startsWith("https://app.example/")) {
        const response = await fetch(url, { redirect: "manual", headers: { cookie: cookies.join("; ") } });
        for (const cookie of response.headers.getSetCookie()) cookies.push(cookie.split(";")[0]);
        if (response.status !== 302) throw new Error(url + " answered " + response.status);
        url = response.headers.get("location");
      }
      location.href = url;
    })();
  },
};
`;

let providers: Providers;
let devto: FakeDevto;
let project: TestProject;

beforeAll(async () => {
  providers = await startProviders();
  devto = await startFakeDevto();
  devto.state.addUser({ username: "you", apiKey: "key-from-dev-to-settings" });
  project = await openTestProject({
    functions: { env: { ...providers.env, DEVTO_API_URL: `${devto.url}/api` } },
  });
  providers.register(project);
  const sql = connect(project.database);
  await allowReturn(sql, ["https://app.example/settings"]);
  await sql.end();
  await confirmedSignUp(project, anonymous(project), {
    email: "you@example.org",
    password: "a-long-password",
  });
});
afterAll(async () => {
  await project?.close();
  await devto?.stop();
  await providers?.stop();
});

test("its examples run unchanged", async () => {
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);
  expect(blocks.length).toBe(3);
  const told = "{ flow, completed, connected, connections, ended }";
  const script = `${BROWSER}\n${blocks.join("\nawait navigated;\n")}\nconsole.log(JSON.stringify(${told}));`;
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
  expect(JSON.parse(stdout)).toMatchObject({
    flow: { url: expect.stringContaining("/functions/v1/oauth-start?ticket=") as string },
    completed: { connection: { platform: "github", platform_username: "octocat" }, replaced: null },
    connected: { connection: { platform: "devto", platform_username: "you" } },
    connections: [
      { platform: "devto", status: "connected", is_active: true },
      { platform: "github", status: "connected" },
    ],
    ended: { connection: { platform: "devto", status: "disconnected" }, revoked: null },
  });
});

test("names every reason of a status, and every variable of the functions", () => {
  const sources = [
    "supabase/schemas/50_devpulse/30_connections/40_end_connections.sql",
    "supabase/schemas/50_devpulse/30_connections/42_disconnect_platform.sql",
    "supabase/schemas/50_devpulse/30_connections/52_begin_token_refresh.sql",
    "supabase/schemas/50_devpulse/30_connections/56_fail_token_refresh.sql",
    "supabase/functions/_shared/connection-token.ts",
  ].map((name) => readFileSync(join(ROOT, name), "utf8")).join("\n");
  const reasons = sources.match(
    /(?<=')(disconnected_by_user|\w+_(removed|ended|expired|rejected|interrupted))(?=')|(?<=")secret_unreadable/g,
  ) ?? [];
  expect(new Set(reasons).size).toBeGreaterThan(6);
  const variables = readFileSync(join(ROOT, "supabase/functions/_shared/oauth-providers.ts"), "utf8")
    .match(/(?<=")(GITHUB|GOOGLE)_\w+_?URL(?=")/g) ?? [];
  for (const name of [...reasons, ...variables]) expect(page, name).toContain(`\`${name}\``);
});

test("its documents exist", () => {
  for (const name of [PAGE, "docs/adr/0010-oauth-flow.md"]) {
    for (
      const [, target = ""] of readFileSync(join(ROOT, name), "utf8").matchAll(/\]\(((?!https?:)[^)#]+)/g)
    ) {
      const file = join(ROOT, name, "..", target);
      expect(() => readFileSync(file), `${name} links to ${target}`).not.toThrow();
    }
  }
});
