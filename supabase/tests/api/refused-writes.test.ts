import { SignJWT } from "jose";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JWT_SECRET } from "../../../scripts/local/keys.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, rows, server, signUp, tokenOf } from "../support/people.ts";

// A write that the caller's role does not allow is 403 and team_role_required over HTTP, with every method and
// preference, whether or not a row matches; where the right depends on the row, none is not an error.

const ROLES = ["stranger", "viewer", "agent", "admin"] as const;
type Role = typeof ROLES[number];

const ISSUE = "10000000-0000-4000-8000-000000000001";
const OTHER = "10000000-0000-4000-8000-000000000002";
const ROW = "20000000-0000-4000-8000-000000000001";

/** A stored row: its key, what a client sends to change it, and the roles that insert, update and delete. */
interface Table {
  key: Record<string, string | number | boolean>;
  values: Record<string, unknown>;
  insert?: Role;
  update?: Role;
  remove?: Role;
}

const all = (role: Role) => ({ insert: role, update: role, remove: role });
const written = { insert: "agent", update: "agent", remove: "admin" } as const;
const tables: Record<string, Table> = {
  segment_rules: { key: { id: ROW }, values: { words: "x", segment: "code", priority: 9 }, ...all("admin") },
  circle_spaces: { key: { id: -1 }, values: { space_name: "x", chat_room_uuid: "room" }, ...all("admin") },
  tracker_settings: { key: { id: true }, values: { triage_threshold: 0.1 }, update: "admin" },
  agent_settings: { key: { id: true }, values: { retry_seconds: 1 }, update: "admin" },
  circle_issues: { key: { id: ROW }, values: { message_id: "m", title: "x" }, ...written },
  circle_replies: {
    key: { id: ROW },
    values: { message_id: "r", circle_issue_id: ROW, reply_index: 1, body: "x" },
    ...written,
  },
  issue_import_logs: { key: { id: ROW }, values: { circle_issue_id: ROW }, insert: "agent" },
  issues: { key: { id: ISSUE }, values: { title: "x" }, ...written },
  comments: { key: { id: ROW }, values: { issue_id: ISSUE, body: "x" }, ...all("agent") },
  user_sessions: {
    key: { id: ROW },
    values: { profile_name: "x" },
    insert: "viewer",
    update: "viewer",
    remove: "admin",
  },
  tags: { key: { name: "csv" }, values: {}, ...written },
  issue_tags: { key: { issue_id: ISSUE, tag_name: "csv" }, values: {}, ...all("agent") },
  exai_issues: { key: { id: ISSUE }, values: { title: "x" }, ...written },
  exai_issue_updates: { key: { id: ROW }, values: { issue_id: ISSUE, content: "x" }, ...all("agent") },
  exai_issue_checklist: { key: { id: ROW }, values: { issue_id: ISSUE, description: "x" }, ...all("agent") },
  exai_issue_relations: {
    key: { from_issue_id: ISSUE, to_issue_id: OTHER, kind: "blocks" },
    values: {},
    ...all("agent"),
  },
};

let project: TestProject;
let sql: Sql;
let before: string;
const people = {} as Record<Role, Person>;
const tokens = new Map<string, string>();

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  for (const role of ROLES) {
    people[role] = await signUp(project, role, role === "stranger" ? undefined : role);
    tokens.set(role, await tokenOf(people[role]));
  }
  tables.team_members = {
    key: { user_id: people.viewer.id },
    values: { role: "viewer", display_name: "x" },
    ...all("admin"),
  };
  await sql.unsafe(`
    insert into public.issues (id, title, tags) values ('${ISSUE}', 'One', '{csv}');
    insert into public.comments (id, issue_id, body) values ('${ROW}', '${ISSUE}', 'One');
    insert into public.segment_rules (id, words, segment, priority) values ('${ROW}', 'one', 'misc', 9);
    insert into public.circle_spaces (id, space_name, chat_room_uuid) values (-1, 'One', 'room');
    insert into public.circle_issues (id, message_id) values ('${ROW}', 'm');
    insert into public.circle_replies (id, message_id, circle_issue_id, reply_index) values ('${ROW}', 'r', '${ROW}', 1);
    insert into public.issue_import_logs (id, circle_issue_id) values ('${ROW}', '${ROW}');
    insert into public.user_sessions (id, profile_name) values ('${ROW}', 'One');
    insert into public.exai_issues (id, title) values ('${ISSUE}', 'One'), ('${OTHER}', 'Two');
    insert into public.exai_issue_updates (id, issue_id, content) values ('${ROW}', '${ISSUE}', 'One');
    insert into public.exai_issue_checklist (id, issue_id, description) values ('${ROW}', '${ISSUE}', 'One');
    insert into public.exai_issue_relations values ('${ISSUE}', '${OTHER}', 'blocks');
  `);
  before = await everything();
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

type Ask = [method: string, path: string, body?: unknown, prefer?: string];

async function ask(token: string | undefined, ...[method, path, body, prefer]: Ask) {
  const response = await fetch(`${project.url}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: project.publishableKey,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(prefer ? { prefer } : {}),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const as = (role: Role, ...request: Ask) => ask(tokens.get(role), ...request);

/** All rows of these tables as one text. */
async function everything(): Promise<string> {
  const texts = Object.keys(tables).map(async (table) => {
    const found = await sql`select t::text as text from ${sql(`public.${table}`)} as t order by 1`;
    return [table, ...found.map(({ text }) => text)].join("\n");
  });
  return (await Promise.all(texts)).join("\n\n");
}

/** The requests that write to a table, each with the role that it needs; of most tables one per method. */
function requests(name: string): [role: Role, ...request: Ask][] {
  const { key, values, insert, update, remove } = tables[name] as Table;
  const row = { ...key, ...values };
  const patch = Object.keys(values).length > 0 ? values : key;
  const one = `${name}?${Object.entries(key).map(([column, value]) => `${column}=eq.${value}`).join("&")}`;
  const none = `${name}?${Object.keys(key)[0]}=is.null`;
  const count = ["issues", "user_sessions"].includes(name) ? Infinity : 1;
  const need = (role: Role | undefined, ...list: Ask[]): [Role, ...Ask][] =>
    role === undefined ? [] : list.slice(0, count).map((request) => [role, ...request]);
  return [
    ...need(
      update,
      ["PATCH", one, patch],
      ["PATCH", one, patch, "return=representation"],
      ["PATCH", none, patch],
    ),
    ...need(
      remove,
      ["DELETE", one],
      ["DELETE", one, undefined, "return=representation,count=exact"],
      ["DELETE", none],
    ),
    ...need(
      insert,
      ["POST", name, row],
      ["POST", name, [row, row]],
      ["POST", name, row, "resolution=ignore-duplicates"],
    ),
    ...need(
      insert && update,
      ["POST", name, row, "resolution=merge-duplicates"],
      ["PUT", one, row],
    ),
  ];
}

describe.each(["stranger", "viewer", "agent"] as const)("%s", (who) => {
  test.each([...Object.keys(tables), "team_members"])(
    "may not write to %s, and is told so",
    async (table) => {
      const refused = requests(table).filter(([role]) => ROLES.indexOf(who) < ROLES.indexOf(role));
      for (const [role, ...request] of refused) {
        const { status, body } = await as(who, ...request);
        expect([status, body], request.join(" ")).toEqual([403, {
          code: "PT403",
          message: "team_role_required",
          details: `This needs the team role ${role}.`,
          hint: "Ask an admin of the team for the role.",
        }]);
      }
      if (who === "stranger") expect(refused.length).toBeGreaterThan(0);
    },
  );

  test("has changed nothing", async () => {
    expect(await everything()).toBe(before);
  });
});

test("supabase-js gets the error where it got nothing", async () => {
  const { viewer, agent } = people;
  for (
    const call of [
      viewer.client.from("issues").update({ status: "resolved" }).eq("id", ISSUE),
      viewer.client.from("comments").delete().eq("id", ROW),
      viewer.client.from("issues").upsert({ id: ISSUE, title: "x" }).select().single(),
      agent.client.from("issues").delete().eq("id", ISSUE),
      agent.client.from("issues").delete().in("id", [ISSUE, OTHER]).select(),
    ]
  ) {
    const { data, error, status } = await call;
    expect([status, data, error?.message]).toEqual([403, null, "team_role_required"]);
  }
});

test("no account, and a token of none", async () => {
  expect(await ask(undefined, "DELETE", `issues?id=eq.${ISSUE}`))
    .toMatchObject({ status: 401, body: { code: "42501" } });
  const nobody = await new SignJWT({ role: "authenticated" }).setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setExpirationTime("1h").sign(new TextEncoder().encode(JWT_SECRET));
  expect(await ask(nobody, "DELETE", `issues?id=eq.${ISSUE}`))
    .toMatchObject({ status: 401, body: { message: "sign_in_required" } });
});

test("what the role allows is not an error where no row matches or the row is another's", async () => {
  const missing = crypto.randomUUID();
  expect((await as("admin", "DELETE", `issues?id=eq.${missing}`)).status).toBe(204);
  expect((await as("agent", "PATCH", `issues?id=eq.${missing}`, { title: "x" })).status).toBe(204);
  for (const [method, body] of [["PATCH", { body: "x" }], ["DELETE", undefined]] as const) {
    expect(await as("agent", method, `comments?id=eq.${ROW}`, body, "return=representation"))
      .toEqual({ status: 200, body: [] });
  }
  expect((await as("viewer", "PATCH", `user_sessions?id=eq.${ROW}`, { profile_name: "x" })).status).toBe(204);
  expect((await as("stranger", "DELETE", "projects?id=eq.1")).status).toBe(204);
});

test("an upsert by who may insert and not update is refused where it would update", async () => {
  const upsert = (id: string) =>
    as("agent", "POST", "comments", { id, issue_id: ISSUE, body: "New" }, "resolution=merge-duplicates");
  expect((await upsert(crypto.randomUUID())).status).toBe(201);
  expect(await upsert(ROW)).toMatchObject({ status: 403, body: { code: "42501" } });
});

test("servers write, and an account is deleted with what depends on it", async () => {
  await rows(
    server(project).from("issues").update({ assigned_to_user_id: people.agent.id }).eq("id", ISSUE)
      .select(),
  );
  await rows(people.agent.client.from("user_sessions").insert({ profile_name: "Agnes" }).select());
  const auth = connect(project.database, "supabase_auth_admin", 1);
  await auth`delete from auth.users where id = ${people.agent.id}`;
  await auth.end();
  expect(
    await sql`
      select i.assigned_to_user_id as id, (select count(*)::integer from public.user_sessions) as sessions
      from public.issues as i where i.id = ${ISSUE}
    `,
  ).toEqual([{ id: null, sessions: 1 }]);
  expect((await as("agent", "PATCH", `issues?id=eq.${ISSUE}`, { title: "x" })).status).toBe(403);
});
