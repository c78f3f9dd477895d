import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { connectAs } from "../support/queue.ts";
import { size } from "../support/size.ts";

// Everything that people, servers and Auth do to workspaces, in random order and at the same moment; then what must
// hold of every workspace.

const PEOPLE = 12;
const STEPS = size(60, 1500);

let database: TestDatabase;
let auth: Sql;
let server: Sql;
let people: { id: string; sql: Sql; connection: string }[];
const tokens: string[] = [];

beforeAll(async () => {
  database = await createDatabase();
  auth = connect(database, "postgres", PEOPLE);
  server = connectAs(database, { role: "service_role" }, 2);
  people = Array.from({ length: PEOPLE }, (_, at) => {
    const id = `00000000-0000-4000-8000-0000000002${String(at).padStart(2, "0")}`;
    const connection = `00000000-0000-4000-8000-0000000003${String(at).padStart(2, "0")}`;
    return { id, sql: connectAs(database, { role: "authenticated", userId: id }, 2), connection };
  });
  await Promise.all(people.map(signUp));
});
afterAll(async () => {
  await Promise.all((people ?? []).map(({ sql }) => sql.end()));
  await server?.end();
  await auth?.end();
  await database?.drop();
});

async function signUp({ id, connection }: { id: string; connection: string }): Promise<void> {
  await auth`insert into auth.users (id, email) values (${id}, ${`${id}@example.com`}) on conflict do nothing`;
  await auth`
    insert into public.platform_connections (
      id, user_id, platform, platform_user_id, platform_username, access_token
    )
    select ${connection}, p.id, 'github', '1', 'x', 'disconnected' from public.profiles as p where p.id = ${id}
    on conflict do nothing
  `;
}

/** A pseudo-random sequence that is the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (sides) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * sides);
  };
}

/** What is refused, and right so. Anything else, such as a deadlock, fails the test. */
const EXPECTED = new Set([
  "sign_in_required",
  "devpulse_connection_unknown",
  "devpulse_invitation_conflict",
  "devpulse_invitation_expired",
  "devpulse_invitation_unknown",
  "devpulse_invitations_limit_reached",
  "devpulse_members_limit_reached",
  "devpulse_user_unknown",
  "devpulse_workspace_owner_invalid",
  "devpulse_workspace_owner_required",
  "devpulse_workspace_role_forbidden",
  "devpulse_workspace_unknown",
  "devpulse_workspaces_limit_reached",
]);

async function act(roll: (sides: number) => number): Promise<void> {
  const pick = () => people[roll(PEOPLE)] as (typeof people)[number];
  const { id, sql, connection } = pick();
  const other = pick();
  const role = ["owner", "admin", "member"][roll(3)] ?? "";
  const monitor = id.replace(/02(..)$/, `4${roll(4)}$1`);
  const ways: (() => Promise<unknown>)[] = [
    () => sql`select public.create_workspace(${`W ${roll(1000)}`})`,
    async () => {
      const [made] = await sql<{ token: string }[]>`
        select i.token from public.workspaces as w cross join public.create_workspace_invitation(w.id, ${role}) as i
        limit 1
      `;
      if (made) tokens.push(made.token);
    },
    () => sql`select public.accept_workspace_invitation(${tokens[roll(tokens.length)] ?? "none"})`,
    () => sql`select public.accept_workspace_invitation(${tokens.at(-1) ?? "none"})`,
    () => sql`update public.workspace_members set role = ${role} where user_id = ${other.id}`,
    () => sql`delete from public.workspace_members where user_id = ${other.id}`,
    () => sql`delete from public.workspace_members where user_id = ${id}`,
    () =>
      sql`
      update public.workspaces set owner_id = ${other.id}
      where id = (select w.id from public.workspaces as w order by random() limit 1)
    `,
    () => sql`delete from public.workspaces where id = (select min(id::text)::uuid from public.workspaces)`,
    () =>
      sql`
        insert into public.monitors (id, user_id, workspace_id, platform_connection_id, monitor_type, created_at)
        select ${monitor}, ${id}, (select w.id from public.workspaces as w order by random() limit 1),
          ${connection}, 'all', now() - interval '3 days'
        on conflict (id) do update set workspace_id = excluded.workspace_id
      `,
    () => sql`update public.monitors set is_active = not is_active where id = ${monitor}`,
    () => sql`update public.monitors set sync_frequency = 1 + ${roll(60)}::integer where user_id = ${id}`,
    () => sql`delete from public.monitors where id = ${monitor}`,
    () => auth`select private.run_snapshots(100)`,
    () =>
      sql`
        insert into public.goals (workspace_id, platform, goal_type, target_value, unit, start_date)
        select id, 'github', 'stars', 1, 'count', '2026-01-01' from public.workspaces order by random() limit 1
      `,
    () =>
      server`
      insert into public.workspace_members select id, ${id}, ${role} from public.workspaces limit 1
      on conflict do nothing
    `,
    // which row it is, the database sees only when the row is locked: a server locks the workspace first
    () =>
      server.begin(async (tx) => {
        const [workspace] = await tx<{ id: string }[]>`
          select id from public.workspaces limit 1 for update skip locked
        `;
        if (!workspace) return;
        await tx`
          delete from public.workspace_members where workspace_id = ${workspace.id} and user_id = ${id}
        `;
      }),
    () => auth`update auth.users set banned_until = 'infinity' where id = ${id}`,
    () => auth`update auth.users set banned_until = null where id = ${id}`,
    () => auth`update auth.users set banned_until = null where id = ${other.id}`,
    () => auth`update auth.users set deleted_at = now() where id = ${id}`,
    async () => {
      await auth`delete from auth.users where id = ${id}`;
      await signUp({ id, connection });
    },
    async () => {
      await auth`delete from auth.users where id = ${other.id}`;
      await signUp(other);
    },
  ];
  await ways[roll(ways.length)]?.();
}

// The deletion of an account, a connection or a workspace locks that row and then waits for its monitors.
test("who deletes a monitor waits for nobody who deletes what it belongs to", async () => {
  const { id, connection } = people[0] as (typeof people)[number];
  const monitors = await auth<{ id: string }[]>`
    insert into public.monitors (user_id, platform_connection_id, monitor_type, created_at)
    select ${id}, ${connection}, 'all', now() - interval '3 days' from generate_series(1, 2) returning id
  `;
  await auth.begin(async (holder) => {
    await holder`select from public.profiles where id = ${id} for update`;
    await holder`select from public.platform_connections where id = ${connection} for update`;
    for (const monitor of monitors) {
      await auth.begin(async (tx) => {
        await tx`set local lock_timeout = '2s'`;
        await tx`delete from public.monitors where id = ${monitor.id}`;
      });
    }
  });
  expect(await auth`select from public.monitors where user_id = ${id}`).toEqual([]);
});

test("owners, memberships and what belongs to them agree after every round", async () => {
  const unexpected: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    await Promise.all(
      Array.from(
        { length: PEOPLE },
        (_, lane) =>
          act(dice(step * PEOPLE + lane + 1)).catch((error: Error & { code?: string; where?: string }) => {
            // the account or the workspace was deleted meanwhile
            const isGone = error.code === "23503" && error.message.startsWith("insert or update on table");
            if (!isGone && !EXPECTED.has(error.message)) {
              unexpected.push(`${error.code} ${error.message} ${error.where}`);
            }
          }),
      ),
    );
    expect(unexpected).toEqual([]);
    expect(
      await auth`
        select w.id, 'its owner is not a member with that role' as problem from public.workspaces as w
        where not exists (
          select from public.workspace_members as m
          where m.workspace_id = w.id and m.user_id = w.owner_id and m.role = 'owner'
        )
        union all
        select w.id, 'an owner who cannot sign in, while a member can' from public.workspaces as w
        where not private.is_person_account(w.owner_id) and exists (
          select from public.workspace_members as m
          where m.workspace_id = w.id and private.is_person_account(m.user_id)
        )
        union all
        select m.workspace_id, 'a monitor of no member' from public.monitors as m
        where m.workspace_id is not null and not exists (
          select from public.workspace_members as x where (x.workspace_id, x.user_id) = (m.workspace_id, m.user_id)
        )
        union all
        select g.workspace_id, 'a goal of no member' from public.goals as g
        where g.workspace_id is not null and not exists (
          select from public.workspace_members as x where (x.workspace_id, x.user_id) = (g.workspace_id, g.user_id)
        )
        union all
        select m.workspace_id, 'a deleted member' from public.workspace_members as m
        join auth.users as u on u.id = m.user_id where u.deleted_at is not null
      `,
    ).toEqual([]);
  }
});
