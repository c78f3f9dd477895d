import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { connectAs } from "../support/queue.ts";
import { size } from "../support/size.ts";

// Members of one workspace who leave, step down, join, are banned and deleted at the same moment.

const PEOPLE = 24;
const ROUNDS = size(3, 40);
const WORKSPACE = "00000000-0000-4000-8000-0000000000aa";

let database: TestDatabase;
let admin: Sql;
let people: { id: string; sql: Sql }[];

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", PEOPLE);
  people = Array.from({ length: PEOPLE }, (_, at) => {
    const id = `00000000-0000-4000-8000-0000000001${String(at).padStart(2, "0")}`;
    return { id, sql: connectAs(database, { role: "authenticated", userId: id }) };
  });
});
afterAll(async () => {
  await Promise.all((people ?? []).map(({ sql }) => sql.end()));
  await admin?.end();
  await database?.drop();
});

/** A workspace with everybody in it, in the roles that `roleOf` returns. */
async function setUp(roleOf: (at: number) => string): Promise<void> {
  await admin`delete from public.workspaces`;
  await admin`delete from auth.users`;
  for (const { id } of people) {
    await admin`insert into auth.users (id, email) values (${id}, ${`${id}@example.com`})`;
  }
  await admin`
    insert into public.workspaces (id, name, slug, owner_id)
    values (${WORKSPACE}, 'Acme', 'acme', ${people[0]?.id ?? ""})
  `;
  for (const [at, { id }] of people.slice(1).entries()) {
    await admin`insert into public.workspace_members values (${WORKSPACE}, ${id}, ${roleOf(at + 1)})`;
  }
}

/** The errors of those who failed, each once, and how many did not. */
async function together(act: (person: { id: string; sql: Sql }, at: number) => Promise<unknown>) {
  const answers = await Promise.all(
    people.map((person, at) => act(person, at).then(() => null, (error: Error) => error.message)),
  );
  return {
    succeeded: answers.filter((answer) => answer === null).length,
    errors: [...new Set(answers.filter((answer) => answer !== null))],
  };
}

const members = () =>
  admin<{ role: string; user_id: string; is_owner: boolean; is_banned: boolean }[]>`
  select m.role, m.user_id, m.user_id = w.owner_id as is_owner, a.banned_until is not null as is_banned
  from public.workspace_members as m join public.workspaces as w on w.id = m.workspace_id
  join auth.users as a on a.id = m.user_id
`;

test("all owners leave or step down: one stays owner", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await setUp(() => "owner");
    const answer = await together(({ id, sql }, at) =>
      (at + round) % 2 === 0
        ? sql`delete from public.workspace_members where user_id = ${id}`
        : sql`update public.workspace_members set role = 'member' where user_id = ${id}`
    );
    expect(answer).toEqual({ succeeded: PEOPLE - 1, errors: ["devpulse_workspace_owner_required"] });
    const owners = (await members()).filter(({ role }) => role === "owner");
    expect(owners.map(({ is_owner }) => is_owner)).toEqual([true]);
  }
});

test("everybody creates a workspace of the same name: each has one, and a slug of its own", async () => {
  await setUp(() => "member");
  const create = (slug: string | null) =>
    together(({ sql }) => sql`select (public.create_workspace('Design team', ${slug})).slug`);
  expect(await create(null)).toEqual({ succeeded: PEOPLE, errors: [] });
  const slugs = await admin<{ slug: string }[]>`
    select slug from public.workspaces where name = 'Design team'
  `;
  expect(new Set(slugs.map(({ slug }) => slug.slice(0, 11)))).toEqual(new Set(["design-team"]));
  expect(new Set(slugs.map(({ slug }) => slug)).size).toBe(PEOPLE);
  await admin`delete from public.workspaces where name = 'Design team'`;
  expect(await create("design")).toEqual({ succeeded: 1, errors: ["devpulse_workspace_slug_conflict"] });
});

test("owners who remove each other leave one", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await setUp(() => "owner");
    await together(({ sql }, at) => {
      const other = people[(at + 1 + round) % PEOPLE]?.id ?? "";
      return sql`delete from public.workspace_members where user_id = ${other}`;
    });
    const left = (await members()).filter(({ role }) => role === "owner");
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter(({ is_owner }) => is_owner)).toHaveLength(1);
  }
});

test("accounts are deleted, banned and leave: who can sign in owns it", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await setUp((at) => ["owner", "admin", "member"][at % 3] ?? "");
    // three of them stay: a member, an admin and an owner
    const answer = await together(async ({ id, sql }, at) => {
      if (at >= PEOPLE - 3) return;
      const ways = [
        () => admin`delete from auth.users where id = ${id}`,
        () => admin`update auth.users set deleted_at = now() where id = ${id}`,
        () => admin`update auth.users set banned_until = 'infinity' where id = ${id}`,
        () => sql`delete from public.workspace_members where user_id = ${id}`,
      ];
      await ways[(at + round) % 4]?.();
    });
    expect(answer).toEqual({ succeeded: PEOPLE, errors: [] });
    const left = await members();
    const owner = left.filter(({ is_owner }) => is_owner);
    expect(owner).toEqual([expect.objectContaining({ role: "owner", is_banned: false })]);
    expect(left.map(({ user_id }) => user_id)).toEqual(
      expect.arrayContaining(people.slice(-3).map(({ id }) => id)),
    );
  }
});

test("all accounts are deleted at the same moment: the workspace goes", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await setUp((at) => ["owner", "admin", "member"][at % 3] ?? "");
    expect(await together(({ id }) => admin`delete from auth.users where id = ${id}`))
      .toEqual({ succeeded: PEOPLE, errors: [] });
    expect(await admin`select from public.workspaces`).toHaveLength(0);
  }
});

test("accounts that wait for a workspace when the owner's is deleted are not in the way", async () => {
  await setUp((at) => at < 3 ? "member" : "owner");
  const ids = people.slice(0, 3).map(({ id }) => id);
  await admin`delete from auth.users where not id = any(${ids})`;
  const blocker = await admin.reserve();
  await blocker`begin`;
  await blocker`select from public.workspaces for no key update`;
  const deletions = ids.map((id) => admin`delete from auth.users where id = ${id}`.execute());
  await expect.poll(async () =>
    (await admin`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
      .length
  ).toBe(3);
  await blocker`commit`;
  blocker.release();
  await Promise.all(deletions);
  expect(await admin`select from public.workspaces`).toHaveLength(0);
});

test("one link, many people: one joins, however often each tries", async () => {
  await setUp(() => "member");
  const [owner] = people;
  for (let round = 0; round < ROUNDS; round++) {
    await admin`delete from public.workspace_members where role = 'member'`;
    const [invitation] = await (owner?.sql ?? admin)<{ token: string }[]>`
      select token from public.create_workspace_invitation(${WORKSPACE})
    `;
    const answer = await together(async ({ sql }, at) => {
      if (at === 0) return;
      for (let again = 0; again < 2; again++) {
        await sql`select public.accept_workspace_invitation(${invitation?.token ?? ""})`;
      }
    });
    expect(answer).toEqual({ succeeded: 2, errors: ["devpulse_invitation_conflict"] });
    expect(await members()).toHaveLength(2);
  }
});

test("people leave while they put monitors and goals into the workspace: none stays in it", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await setUp(() => "member");
    await admin`
      insert into public.platform_connections (user_id, platform, platform_user_id, platform_username, access_token)
      select id, 'github', '1', 'x', 'disconnected' from public.profiles
    `;
    await Promise.all(
      people.slice(1).flatMap(({ id, sql }) => [
        sql`
        insert into public.monitors (workspace_id, platform_connection_id, monitor_type)
        select ${WORKSPACE}, id, 'all' from public.platform_connections
      `.catch((error: Error) => expect(error.message).toBe("devpulse_workspace_unknown")),
        admin`delete from public.workspace_members where user_id = ${id}`,
      ]),
    );
    expect(await admin`select from public.monitors where workspace_id is not null`).toHaveLength(0);
  }
});

test("a workspace's limit of members, with many links at the same moment", async () => {
  await setUp(() => "member");
  await admin`update public.devpulse_settings set members_per_workspace = 5`;
  const [owner] = people;
  for (let round = 0; round < ROUNDS; round++) {
    await admin`delete from public.workspace_members where role = 'member'`;
    await admin`delete from public.workspace_invitations`;
    const tokens = await Promise.all(people.map(async () => {
      const [made] = await (owner?.sql ?? admin)<{ token: string }[]>`
        select token from public.create_workspace_invitation(${WORKSPACE})
      `;
      return made?.token ?? "";
    }));
    const answer = await together(({ sql }, at) =>
      sql`select public.accept_workspace_invitation(${tokens[at] ?? ""})`
    );
    expect(answer).toEqual({ succeeded: 5, errors: ["devpulse_members_limit_reached"] });
    expect(await members()).toHaveLength(5);
  }
});
