import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Person, rows, server, signUp } from "../support/people.ts";

// Workspaces over HTTP with supabase-js: from the invitation to the day on which everybody has left.

let project: TestProject;
let sql: Sql;
let olga: Person;
let adam: Person;
let mary: Person;
let sten: Person;
let acme: string;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  [olga, adam, mary, sten] = await Promise.all(
    ["olga", "adam", "mary", "sten"].map((name) => signUp(project, name)),
  ) as [Person, Person, Person, Person];
});
afterAll(async () => {
  await sql.end();
  await project.close();
});

/** What a refused call answers: the HTTP status and the code. */
const refused = async (call: PromiseLike<{ status: number; error: { message: string } | null }>) => {
  const { status, error } = await call;
  return [status, error?.message];
};
const invite = (by: Person, role = "member") =>
  by.client.rpc("create_workspace_invitation", { workspace_id: acme, role }).single();
const accept = (by: Person, token: string) => by.client.rpc("accept_workspace_invitation", { token });
const join = async (person: Person, role: string) => {
  const { token } = await rows(invite(olga, role));
  return await rows(accept(person, token));
};
const ban = (person: Person) => sql`update auth.users set banned_until = 'infinity' where id = ${person.id}`;
const unban = (person: Person) => sql`update auth.users set banned_until = null where id = ${person.id}`;

describe("a workspace", () => {
  test("is created by the function or by an insert, and its owner is a member", async () => {
    const workspace = await rows(olga.client.rpc("create_workspace", { name: "Acme Ünited" }));
    expect(workspace).toMatchObject({ name: "Acme Ünited", slug: "acme-united", owner_id: olga.id });
    acme = workspace.id;
    const inserted = await rows(
      sten.client.from("workspaces").insert({ name: "Lab", slug: "lab", owner_id: sten.id }).select(
        "*, workspace_members(role, user_id)",
      ).single(),
    );
    expect(inserted).toMatchObject({ slug: "lab", description: null });
    expect(await rows(sten.client.from("workspaces").select("slug, workspace_members(role, user_id)")))
      .toEqual([
        { slug: "lab", workspace_members: [{ role: "owner", user_id: sten.id }] },
      ]);
  });

  test("is created once, however often the call is sent", async () => {
    const again = await Promise.all(
      Array.from({ length: 5 }, () => rows(olga.client.rpc("create_workspace", { name: "Acme Ünited" }))),
    );
    expect(new Set(again.map(({ id }) => id))).toEqual(new Set([acme]));
  });

  test("has a slug of its own, and of its form", async () => {
    const named = (slug: string) =>
      refused(olga.client.from("workspaces").insert({ name: "Lab", slug, owner_id: olga.id }));
    expect(await named("lab")).toEqual([409, "devpulse_workspace_slug_conflict"]);
    expect(await refused(olga.client.rpc("create_workspace", { name: "Lab", slug: "lab" })))
      .toEqual([409, "devpulse_workspace_slug_conflict"]);
    expect(await named("Lab!")).toEqual([422, "devpulse_workspace_slug_invalid"]);
    expect(await refused(olga.client.from("workspaces").update({ slug: "lab" }).eq("id", acme)))
      .toEqual([409, "devpulse_workspace_slug_conflict"]);
  });

  test("is nobody's without an account", async () => {
    const nobody = anonymous(project);
    expect((await nobody.rpc("create_workspace", { name: "X" })).status).toBe(401);
    expect((await nobody.from("workspaces").select()).status).toBe(401);
    expect((await server(project).rpc("create_workspace", { name: "X" })).status).toBe(403);
  });
});

describe("an invitation", () => {
  let token: string;

  test("is a link that its maker sees once", async () => {
    const made = await rows(invite(olga, "admin"));
    token = made.token;
    expect(token).toMatch(/^fli_[\w-]{43}$/);
    const [listed] = await rows(olga.client.from("workspace_invitations").select("*"));
    expect(listed).toMatchObject({ id: made.id, role: "admin", accepted_at: null, created_by: olga.id });
    expect(JSON.stringify(listed)).not.toContain(token.slice(4));
    expect(await rows(sten.client.from("workspace_invitations").select("*"))).toEqual([]);
  });

  test("makes one person a member, sent once or twice", async () => {
    const answers = await Promise.all([accept(adam, token), accept(adam, token)]);
    expect(answers.map(({ status, data }) => [status, (data as { id: string }).id])).toEqual([
      [200, acme],
      [200, acme],
    ]);
    expect(await refused(accept(mary, token))).toEqual([409, "devpulse_invitation_conflict"]);
    expect(await refused(accept(mary, "fli_x"))).toEqual([404, "devpulse_invitation_unknown"]);
    await join(mary, "member");
    expect(
      await rows(mary.client.from("workspace_members").select("role, profiles(id)").order("role")),
    ).toEqual([
      { role: "admin", profiles: { id: adam.id } },
      { role: "member", profiles: { id: mary.id } },
      { role: "owner", profiles: { id: olga.id } },
    ]);
  });

  test("is made by who may, of a role that they may give", async () => {
    expect(await refused(invite(adam, "admin"))).toEqual([403, "devpulse_workspace_role_forbidden"]);
    expect(await refused(invite(mary))).toEqual([403, "devpulse_workspace_role_forbidden"]);
    expect(await refused(invite(sten))).toEqual([404, "devpulse_workspace_unknown"]);
    expect(await refused(invite(olga, "king"))).toEqual([422, "devpulse_invitation_invalid"]);
  });

  test("ends when it is revoked, or when its maker is banned", async () => {
    const made = await rows(invite(adam));
    await ban(adam);
    expect(await refused(accept(sten, made.token))).toEqual([410, "devpulse_invitation_expired"]);
    expect(await refused(invite(adam))).toEqual([401, "sign_in_required"]);
    await unban(adam);
    const revoke = () => adam.client.rpc("revoke_workspace_invitation", { id: made.id });
    expect(await rows(revoke())).toBe(await rows(revoke()));
    expect(await refused(accept(sten, made.token))).toEqual([410, "devpulse_invitation_expired"]);
  });

  test("is nothing to somebody who is banned", async () => {
    const { token } = await rows(invite(olga));
    await ban(sten);
    expect(await refused(accept(sten, token))).toEqual([401, "sign_in_required"]);
    await unban(sten);
  });
});

describe("members", () => {
  const role = (by: Person, person: Person, value: string) =>
    by.client.from("workspace_members").update({ role: value })
      .eq("workspace_id", acme).eq("user_id", person.id).select("role");
  const remove = (by: Person, person: Person) =>
    by.client.from("workspace_members").delete().eq("workspace_id", acme).eq("user_id", person.id).select();

  test("do not raise themselves", async () => {
    expect(await refused(role(adam, adam, "owner"))).toEqual([403, "devpulse_workspace_role_forbidden"]);
    expect(await rows(role(mary, mary, "admin"))).toEqual([]);
    expect(
      (await mary.client.from("workspace_members").upsert({
        workspace_id: acme,
        user_id: mary.id,
        role: "owner",
      }))
        .status,
    ).toBe(403);
    expect(await refused(remove(adam, olga))).toEqual([403, "devpulse_workspace_role_forbidden"]);
    expect(await rows(remove(mary, adam))).toEqual([]);
  });

  test("the last owner stays", async () => {
    expect(await refused(remove(olga, olga))).toEqual([409, "devpulse_workspace_owner_required"]);
    expect(await refused(role(olga, olga, "member"))).toEqual([409, "devpulse_workspace_owner_required"]);
  });

  test("who leaves sees nothing of it at the next request", async () => {
    expect(await rows(mary.client.from("profiles").select("id"))).toHaveLength(3);
    expect(await rows(remove(adam, mary))).toHaveLength(1);
    for (const table of ["workspaces", "workspace_members", "workspace_invitations"] as const) {
      expect(await rows(mary.client.from(table).select("*"))).toEqual([]);
    }
    expect(await rows(mary.client.from("profiles").select("id"))).toEqual([{ id: mary.id }]);
    await join(mary, "member");
  });

  test("ownership passes when the owner is banned, and when the account is deleted", async () => {
    const owner = async () =>
      (await rows(mary.client.from("workspaces").select("owner_id").eq("id", acme).single())).owner_id;
    await ban(olga);
    expect(await owner()).toBe(adam.id);
    expect(await rows(olga.client.from("workspaces").select("id").eq("id", acme))).toEqual([]);
    await unban(olga);
    expect(await rows(olga.client.from("workspace_members").select("role").eq("user_id", olga.id)))
      .toEqual([{ role: "owner" }]);
    expect(await rows(role(olga, adam, "member"))).toEqual([{ role: "member" }]);
    expect(await owner()).toBe(olga.id);
    await sql`delete from auth.users where id = ${olga.id}`;
    expect(await owner()).toBe(adam.id);
    await sql`delete from auth.users where id = ${adam.id}`;
    expect(await owner()).toBe(mary.id);
    await sql`delete from auth.users where id = ${mary.id}`;
    expect(await sql`select from public.workspaces where id = ${acme}`).toHaveLength(0);
  });
});
