import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { confirmedSignUp, lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { loadConfig } from "../../../scripts/local/config.ts";
import { bin, ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { askTokens, newToken } from "../support/github-tokens.ts";
import { anonymous, server, signUp } from "../support/people.ts";

// Who gets into the team: `npm run team:add` as an operator runs it, and writes over the API as each persona.

let project: TestProject;
let sql: Sql;
beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const PASSWORD = "a-long-password";

/** Runs the command against a project. */
async function add(
  args: string[],
  on: TestProject = project,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(bin("node"), [join(ROOT, "scripts/team/add.ts"), ...args], {
    env: { PATH: process.env.PATH, NO_COLOR: "1", SUPABASE_URL: on.url, SUPABASE_SECRET_KEY: on.secretKey },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

const roleOf = async (email: string): Promise<string | undefined> => {
  const [row] = await sql<{ role: string }[]>`
    select m.role from public.team_members as m join auth.users as u on u.id = m.user_id where u.email = ${email}`;
  return row?.role;
};

describe("npm run team:add", () => {
  test("does not take somebody who has signed up with another person's address", async () => {
    await anonymous(project).auth.signUp({ email: "boss@example.org", password: PASSWORD });
    await anonymous(project).auth.signInWithOtp({ email: "chief@example.org" });
    for (const email of ["boss@example.org", "chief@example.org"]) {
      const { code, output } = await add([email, "admin"]);
      expect([code, await roleOf(email)]).toEqual([1, undefined]);
      expect(output).toContain("its address not confirmed");
      expect(output).toContain("team_user_forbidden");
    }
  });

  test("takes an address or an id, and shows when the account was made and how it was confirmed", async () => {
    const id = await confirmedSignUp(project, anonymous(project), {
      email: "ana@example.org",
      password: PASSWORD,
    });
    for (const [account, role] of [["Ana@example.org", "viewer"], [id, "agent"]] as const) {
      const { code, output } = await add([account, role]);
      expect(code, output).toBe(0);
      expect(output).toMatch(
        new RegExp(`${id}  ana@example.org  made at 20.*confirmed at 20.*, with a mail`),
      );
      expect(output).toContain(`${account} is now ${role}`);
      expect(output).not.toContain("Warning");
      expect(await roleOf("ana@example.org")).toBe(role);
    }
  });

  test("says so where nobody was mailed, and of which provider an account is", async () => {
    await sql`
      insert into auth.users (id, email, email_confirmed_at, raw_app_meta_data, created_at)
      values (gen_random_uuid(), 'auto@example.org', now(), '{"provider": "email"}', now()),
        (gen_random_uuid(), 'octo@example.org', now(), '{"provider": "github"}', now())
    `;
    expect((await add(["auto@example.org", "viewer"])).output).toContain("without a mail");
    expect((await add(["octo@example.org", "viewer"])).output).toContain("by github");
  });

  test.each([["nobody@example.org"], [crypto.randomUUID()]])(
    "%s, which nobody has, is refused",
    async (account) => {
      const { code, output } = await add([account, "viewer"]);
      expect([code, output.includes("team_user_unknown")]).toEqual([1, true]);
    },
  );

  test("--create makes a confirmed account and prints a link that signs in once", async () => {
    const { code, output } = await add(["new@example.org", "admin", "--create"]);
    expect(code, output).toBe(0);
    expect(await roleOf("new@example.org")).toBe("admin");
    const link = output.match(/Sign in, once: (\S+)/)?.[1] ?? "";
    expect(link).toMatch(new RegExp(`^${project.url}/`));
    const page = await fetch(link, { redirect: "manual" });
    const session = new URLSearchParams(new URL(page.headers.get("location") ?? "").hash.slice(1));
    const { data } = await anonymous(project).auth.getUser(session.get("access_token") ?? "");
    expect(data.user?.email).toBe("new@example.org");
    const again = await fetch(link, { redirect: "manual" });
    expect(again.headers.get("location")).toContain("error_code=otp_expired");
  });

  test("--create --password makes one with a password", async () => {
    expect((await add(["pass@example.org", "agent", "--create", "--password", PASSWORD])).code).toBe(0);
    const { error } = await anonymous(project).auth.signInWithPassword({
      email: "pass@example.org",
      password: PASSWORD,
    });
    expect(error).toBeNull();
    const short = await add(["short@example.org", "agent", "--create", "--password", "x"]);
    expect([short.code, await roleOf("short@example.org")]).toEqual([1, undefined]);
  });

  test.each([["typo@example.org", "owner"], ["admin", "typo@example.org"]])(
    "--create makes no account where there is no such role: %s %s",
    async (...args) => {
      const { code, output } = await add([...args, "--create"]);
      expect([code, output.includes("team_role_invalid")]).toEqual([1, true]);
      expect(await sql`select from auth.users where email = 'typo@example.org'`).toHaveLength(0);
    },
  );

  test("--create takes over no account that somebody has made with the address before", async () => {
    await anonymous(project).auth.signUp({ email: "squatted@example.org", password: PASSWORD });
    const { code, output } = await add(["squatted@example.org", "admin", "--create"]);
    expect([code, await roleOf("squatted@example.org")]).toEqual([1, undefined]);
    expect(output).toContain("There is an account with the address squatted@example.org.");
    expect(output).toContain("its address not confirmed");
  });

  test("says so where an anonymous account has confirmed an address, and where a mail came too late", async () => {
    const visitor = anonymous(project);
    await visitor.auth.signInAnonymously();
    await visitor.auth.updateUser({ email: "visitor@example.org" });
    const { code: token = "" } = lastMail(project, "visitor@example.org");
    const confirmed = await visitor.auth.verifyOtp({
      email: "visitor@example.org",
      token,
      type: "email_change",
    });
    expect(confirmed.error).toBeNull();
    expect((await add(["visitor@example.org", "viewer"])).output).toContain(", with a mail");
    await sql`
      insert into auth.users (id, email, email_confirmed_at, email_change_sent_at)
      values (gen_random_uuid(), 'late@example.org', now() - interval '1 day', now())
    `;
    expect((await add(["late@example.org", "viewer"])).output).toContain(", without a mail");
  });

  test("says what it could not look up", async () => {
    const failing = createServer((request, response) => {
      const forwarded = request.url?.endsWith("/rpc/add_team_member");
      response.writeHead(forwarded ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify(forwarded ? { role: "viewer" } : { message: "out of order" }));
    });
    await new Promise<void>((resolve) => failing.listen(0, "127.0.0.1", resolve));
    const { port } = failing.address() as AddressInfo;
    try {
      const { code, output } = await add(["ana@example.org", "viewer"], {
        ...project,
        url: `http://127.0.0.1:${port}`,
      });
      expect(code, output).toBe(0);
      expect(output).toMatch(/could not be checked whether this project confirms .*answered 503/);
      expect(output).toContain("who has the account could not be checked (out of order)");
    } finally {
      failing.close();
    }
  });

  test("warns where the project confirms addresses by itself", async () => {
    const config = loadConfig();
    config.auth.email.enable_confirmations = false;
    const open = await openTestProject({ config });
    try {
      await anonymous(open).auth.signUp({ email: "first@example.org", password: PASSWORD });
      const { code, output } = await add(["first@example.org", "viewer"], open);
      expect(code, output).toBe(0);
      expect(output).toContain("Warning: this project confirms addresses without a mail");
      expect(output).toContain("without a mail");
    } finally {
      await open.close();
    }
  });
});

describe("writes of team_members over the API", () => {
  test("keep to the rules for members, as an admin and as a server", async () => {
    const admin = await signUp(project, "adam", "admin");
    const banned = await signUp(project, "ben", "viewer");
    await sql`update auth.users set banned_until = 'infinity' where id = ${banned.id}`;
    const { data: squatter } = await anonymous(project).auth.signUp({
      email: "eve@example.org",
      password: PASSWORD,
    });
    const { data: visitor } = await anonymous(project).auth.signInAnonymously();
    const twin = await signUp(project, "twin");
    await sql`
      insert into auth.users (id, email, email_confirmed_at) values (gen_random_uuid(), 'Twin@example.org', now())
    `;
    for (const client of [admin.client, server(project)]) {
      const insert = async (user_id: string | undefined) =>
        (await client.from("team_members").insert({ user_id: user_id ?? "", role: "viewer" })).error?.message;
      expect(await insert(squatter.user?.id)).toBe("team_user_forbidden");
      expect(await insert(visitor.user?.id)).toBe("team_user_forbidden");
      expect(await insert(twin.id)).toBe("team_user_conflict");
      const promoted = await client.from("team_members").update({ role: "admin" }).eq("user_id", banned.id);
      expect([promoted.status, promoted.error?.message]).toEqual([409, "team_user_forbidden"]);
    }
    const renamed = await admin.client.from("team_members").update({ display_name: "Ben" }).eq(
      "user_id",
      banned.id,
    );
    expect(renamed.error).toBeNull();
    expect((await admin.client.from("team_members").delete().eq("user_id", banned.id)).error).toBeNull();
  });

  test("leave an admin who can sign in", async () => {
    await sql`delete from public.team_members`;
    const last = await signUp(project, "last", "admin");
    const gone = await signUp(project, "gone", "admin");
    const stepDown = () => last.client.from("team_members").update({ role: "agent" }).eq("user_id", last.id);
    await sql`update auth.users set banned_until = 'infinity' where id = ${gone.id}`;
    expect((await stepDown()).error?.message).toBe("team_admin_required");
    const demoted = await server(project).rpc("add_team_member", {
      email: "last@example.org",
      role: "viewer",
    });
    expect(demoted.error?.message).toBe("team_admin_required");
    await sql`update auth.users set banned_until = null, email_confirmed_at = null where id = ${gone.id}`;
    expect((await stepDown()).error?.message).toBe("team_admin_required");
    await sql`update auth.users set email_confirmed_at = now() where id = ${gone.id}`;
    expect((await stepDown()).error).toBeNull();
    // nobody can sign in: then nothing is lost by a change
    await sql`update auth.users set banned_until = 'infinity' where id = ${gone.id}`;
    const members = server(project).from("team_members");
    expect((await members.update({ display_name: "Gone" }).eq("user_id", gone.id)).error).toBeNull();
    expect((await members.update({ role: "viewer" }).eq("user_id", gone.id)).error).toBeNull();
    expect((await members.update({ role: "admin" }).eq("user_id", last.id)).error).toBeNull();
    expect((await members.delete().eq("user_id", last.id)).error?.message).toBe("team_admin_required");
  });
});

test("an anonymous account writes no profile, project, task, worker token or GitHub token", async () => {
  const visitor = anonymous(project);
  const { data } = await visitor.auth.signInAnonymously();
  const task = await visitor.from("tasks").insert({ repo_url: "https://github.com/acme/shop" } as never);
  expect([task.status, task.error?.message]).toEqual([401, "sign_in_required"]);
  const profile = await visitor.from("users").update({ full_name: "Eve" }).eq("id", data.user?.id ?? "");
  expect([profile.status, profile.error?.message]).toEqual([401, "sign_in_required"]);
  const token = await visitor.rpc("create_worker_token", { name: "w", agents: ["claude"] });
  expect([token.status, token.error?.message]).toEqual([401, "sign_in_required"]);
  const authorization = `Bearer ${(await visitor.auth.getSession()).data.session?.access_token}`;
  const stored = await askTokens(project, { authorization }, "POST", "", { token: newToken() });
  expect([stored.status, stored.body.code]).toEqual([404, "agents_user_unknown"]);
});

test("an account that was anonymous does all that once it has confirmed an address", async () => {
  const visitor = anonymous(project);
  await visitor.auth.signInAnonymously();
  await visitor.auth.updateUser({ email: "guest@example.org" });
  const { code: token = "" } = lastMail(project, "guest@example.org");
  await visitor.auth.verifyOtp({ email: "guest@example.org", token, type: "email_change" });
  expect((await visitor.rpc("create_worker_token", { name: "w", agents: ["claude"] })).error).toBeNull();
  expect((await visitor.from("tasks").insert({ repo_url: "https://github.com/acme/shop" } as never)).error)
    .toBeNull();
});
