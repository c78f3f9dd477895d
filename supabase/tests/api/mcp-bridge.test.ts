import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../../scripts/local/config.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { type BridgeCommand, type Machine, openMachine } from "../support/bridge.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { openFront } from "../support/front.ts";
import { signUp } from "../support/people.ts";
import { size } from "../support/size.ts";

// `npm run mcp` as MCP clients start it: processes of their own that share one session.

const PASSWORD = "a-long-test-password";
const BRIDGES = size(4, 8);
const EXPIRES_IN = 1_234;

let project: TestProject;
let sql: Sql;
let machine: Machine;

beforeAll(async () => {
  const config = loadConfig();
  project = await openTestProject({
    config: { ...config, auth: { ...config.auth, jwt_expiry: EXPIRES_IN } },
  });
  sql = connect(project.database);
  await signUp(project, "agent", "agent");
  machine = openMachine(project);
});

afterAll(async () => {
  machine?.remove();
  await sql?.end();
  await project?.close();
});

const issues = (client: Client) => client.callTool({ name: "list_active_issues", arguments: {} });

const signIn = (at: Machine, name: string, password = PASSWORD) =>
  at.run(["login"], `${name}@example.org\n${password}\n`);

interface Stored {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

const storedSession = (): Stored => JSON.parse(readFileSync(machine.file, "utf8")) as Stored;

/** How often Auth has refreshed a session. */
async function refreshes(): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::integer from auth.audit_log_entries where payload ->> 'action' = 'token_refreshed'
  `;
  return row?.count ?? 0;
}

test("nobody is signed in: a client gets the reason as the answer to its first request", async () => {
  await expect(machine.connect()).rejects.toThrow(/Nobody is signed in .* Sign in: npm run mcp -- login/);
  expect(await machine.run(["status"])).toMatchObject({
    code: 1,
    stdout: `Nobody is signed in to ${project.url}.\n`,
  });
});

test("a password that is wrong is refused, and leaves nothing behind", async () => {
  const { code, stderr } = await signIn(machine, "agent", "another-password");
  expect([code, stderr]).toEqual([1, expect.stringContaining("Check the address and the password.")]);
  expect(machine.list()).not.toContainEqual(expect.stringMatching(/\.json$/));
});

test("signing in stores a session that only the user can read, and prints no secret", async () => {
  const { code, stdout, stderr } = await signIn(machine, "agent");
  expect([code, stdout]).toEqual([0, `agent@example.org is signed in to ${project.url}.\n`]);
  expect(machine.mode()).toBe("600");
  const session = storedSession();
  expect(session.expires_in).toBe(EXPIRES_IN);
  for (const secret of [PASSWORD, session.access_token, session.refresh_token]) {
    expect(`${stdout}${stderr}`).not.toContain(secret);
  }
  const status = await machine.run(["status"]);
  expect([status.code, status.stderr]).toEqual([0, ""]);
  expect(status.stdout).toContain("The MCP server accepts it: fixloop.");
});

test("signing in with a code that Auth mails", async () => {
  const verified: unknown[] = [];
  const front = await openFront(() => project.url, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/auth/v1/otp") {
      expect(await request.json()).toMatchObject({ email: "agent@example.org", create_user: false });
      return Response.json({});
    }
    if (pathname !== "/auth/v1/verify") return undefined;
    verified.push(await request.json());
    return new Request(`${project.url}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: request.headers,
      body: JSON.stringify({ email: "agent@example.org", password: PASSWORD }),
    });
  });
  const theirs = openMachine({ ...project, url: front.url });
  expect(await theirs.run(["login", "--code", "--email", "agent@example.org"], "123456\n")).toMatchObject({
    code: 0,
    stdout: `agent@example.org is signed in to ${front.url}.\n`,
  });
  expect(verified).toMatchObject([{ email: "agent@example.org", token: "123456", type: "email" }]);
  expect((await theirs.run(["status"])).code).toBe(0);
  await front.close();
  theirs.remove();
});

test("many bridges and a token that expires, twice: all calls succeed, with one refresh each time", async () => {
  const clients = await Promise.all(Array.from({ length: BRIDGES }, () => machine.connect()));
  const before = await refreshes();
  for (const round of [1, 2]) {
    const { refresh_token } = storedSession();
    await machine.expire();
    const results = await Promise.all(clients.map(issues));
    for (const result of results) expect(result).toMatchObject({ structuredContent: { issues: [] } });
    expect(await refreshes()).toBe(before + round);
    expect(storedSession().refresh_token, "refresh tokens rotate").not.toBe(refresh_token);
  }
  await Promise.all(clients.map((client) => client.close()));
  expect(machine.mode()).toBe("600");
  expect(machine.list().filter((name) => !/\.json(\.lock)?$/.test(name))).toEqual([]);
  expect((await machine.run(["status"])).code).toBe(0);
});

test("standard output carries the protocol alone, and the end of standard input is the end", async () => {
  const message = { jsonrpc: "2.0", id: "é", method: "x/unknown" };
  const { code, stdout } = await machine.run([], `not JSON\n${JSON.stringify(message)}\n`);
  expect(code).toBe(0);
  for (const line of stdout.split("\n").filter(Boolean)) {
    expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  }
});

test("a client of revision 2026-07-28, which has no handshake, is served too, also with a token that has expired", async () => {
  const client = await machine.connect(undefined, { pin: "2026-07-28" });
  expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
  await machine.expire();
  expect(await issues(client)).toMatchObject({ structuredContent: { issues: [] } });
  await client.close();
});

test("each configuration in docs/mcp.md that starts a program starts a bridge; the others have the server's URL", async () => {
  const page = readFileSync(join(ROOT, "docs/mcp.md"), "utf8").replaceAll("/path/to/fixloop", ROOT);
  const servers = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => {
    const { mcpServers, servers } = JSON.parse(text) as Record<string, Record<string, object> | undefined>;
    return (mcpServers ?? servers)?.["fixloop"] as BridgeCommand | { url: string };
  });
  const commands = servers.filter((server) => "command" in server);
  expect(commands.length).toBe(4);
  for (const command of new Map(commands.map((each) => [`${each.command} ${each.args}`, each])).values()) {
    const client = await machine.connect(command);
    await issues(client);
    await client.close();
  }
  const [shell] = page.match(/claude mcp add .*/) ?? [];
  expect(shell).toContain(`-- ${commands[0]?.command} ${commands[0]?.args.join(" ")}`);
  for (const server of servers) {
    if ("url" in server) expect(server.url).toBe("http://127.0.0.1:54321/functions/v1/mcp");
  }
});

describe("a person who may no longer", () => {
  test("was removed from the team: each call says so", async () => {
    const leaver = await signUp(project, "leaver", "viewer");
    const theirs = openMachine(project);
    await signIn(theirs, "leaver");
    const client = await theirs.connect();
    await issues(client);
    await sql`delete from public.team_members where user_id = ${leaver.id}`;
    for (const _ of [1, 2]) {
      await expect(issues(client)).rejects.toThrow(/The account is not in the team\. Ask an admin/);
    }
    await client.close();
    theirs.remove();
  });

  test("is banned: each call says so, and works again when the ban is over", async () => {
    let isBanned = false;
    const front = await openFront(
      () => project.url,
      (request) =>
        isBanned && request.url.includes("grant_type=refresh_token")
          ? Response.json({ code: "user_banned", message: "Invalid Refresh Token: User Banned" }, {
            status: 400,
            headers: { "x-supabase-api-version": "2024-01-01" },
          })
          : undefined,
    );
    const theirs = openMachine({ ...project, url: front.url });
    await signIn(theirs, "agent");
    const client = await theirs.connect();
    await theirs.expire();
    isBanned = true;
    for (const _ of [1, 2]) await expect(issues(client)).rejects.toThrow(/The account is banned\./);
    isBanned = false;
    await issues(client);
    await client.close();
    await front.close();
    theirs.remove();
  });

  test("has signed out: the session ends at Auth too", async () => {
    const client = await machine.connect();
    const { refresh_token } = storedSession();
    expect(await machine.run(["logout"])).toMatchObject({ code: 0, stderr: "" });
    await expect(issues(client)).rejects.toThrow(/Nobody is signed in/);
    await client.close();
    const answer = await fetch(`${project.url}/auth/v1/token?grant_type=refresh_token`, {
      method: "POST",
      headers: { apikey: project.publishableKey, "content-type": "application/json" },
      body: JSON.stringify({ refresh_token }),
    });
    await answer.body?.cancel();
    expect(answer.status).toBe(400);
  });
});
