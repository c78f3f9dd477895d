import { Buffer } from "node:buffer";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { single, thread } from "../../../scripts/demo/messages.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, server, signUp } from "../support/people.ts";
import { size } from "../support/size.ts";

// What somebody may try who has a key of the API: every function with every rubbish, and tables that are not theirs to write.

let project: TestProject;
let sql: Sql;
let people: Record<string, Client>;
let messageId: string;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database, "postgres", 1);
  people = {
    anon: anonymous(project),
    stranger: (await signUp(project, "stranger")).client,
    viewer: (await signUp(project, "vera", "viewer")).client,
    agent: (await signUp(project, "agnes", "agent")).client,
    admin: (await signUp(project, "adam", "admin")).client,
    server: server(project),
  };
  await sql`select public.handle_circle_webhook(${sql.json({ ...single, Issue_Details: null })})`;
  const [message] = await sql<{ id: string }[]>`select id from public.circle_issues`;
  messageId = message?.id ?? "";
  // a row of each kind, so that there is something to be changed
  await sql`select public.handle_circle_webhook(${sql.json(thread(1))})`;
  await sql`insert into public.circle_spaces (space_name, chat_room_uuid) values ('Bugs', 'room-9')`;
  await sql`
    insert into public.segment_corrections (title, description, old_segment, new_segment, corrected_by)
    values ('t', 'd', 'misc', 'code', 'agnes')
  `;
  await sql`select public.ingest_circle_event(${Buffer.from("no JSON").toString("base64")})`;
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const rubbish: unknown[] = [
  null,
  "",
  " \u00a0",
  "x".repeat(100_000),
  "\u202e😀'; drop table issues; --",
  -1,
  1e308,
  [],
  {},
  [[null]],
];
const arguments_: Record<string, string[]> = {
  handle_circle_webhook: ["request"],
  process_circle_webhook: ["p_payload", "p_import_source", "p_imported_by"],
  upsert_circle_issue: ["p_message_id", "p_title", "p_body", "p_space_id", "p_is_thread", "p_raw_data"],
  import_circle_issue: ["circle_issue_id", "issue_id", "title", "segment", "notes"],
  dismiss_circle_issue: ["circle_issue_id", "notes"],
  return_circle_issue: ["circle_issue_id", "notes"],
  format_circle_message_description: ["p_circle_issue_id"],
  replay_circle_events: ["received_from", "received_to", "max_events"],
  ingest_circle_event: ["body"],
  receive_circle_event: ["body"],
  process_circle_event: ["event_id"],
};

/** A function of the API by its name, whose arguments no type checks: that is the point. */
const call = (client: Client, name: string, args: Record<string, unknown>) =>
  client.rpc(name as never, args as never) as unknown as PromiseLike<
    { status: number; error: { code: string; message: string } | null }
  >;

const PEOPLE = ["anon", "stranger", "viewer", "agent", "admin", "server"];

describe.each(PEOPLE)("as %s", (who) => {
  // an agent sends all of it; of the others every third has the same share
  const share = size(3, 1);
  const values = rubbish.filter((_, at) => who === "agent" || (at + PEOPLE.indexOf(who)) % share === 0);

  test.each(Object.entries(arguments_))(
    "%s answers rubbish with an error of the caller's",
    async (name, keys) => {
      const good: Record<string, unknown> = {
        circle_issue_id: messageId,
        p_circle_issue_id: messageId,
        received_from: "2026-01-01",
        p_message_id: "7",
        p_payload: single,
      };
      for (const key of keys) {
        for (const value of values) {
          const needed = Object.fromEntries(Object.entries(good).filter(([other]) => keys.includes(other)));
          const { status, error } = await call(people[who] as Client, name, { ...needed, [key]: value });
          expect(status, `${key} = ${JSON.stringify(value)?.slice(0, 40)}: ${JSON.stringify(error)}`)
            .toBeLessThan(500);
        }
      }
    },
  );
});

describe("what is not theirs", () => {
  const writes: [string, string, Record<string, unknown>][] = [
    ["viewer", "circle_issues", { title: "x" }],
    ["viewer", "circle_replies", { body: "x" }],
    ["viewer", "issues", { title: "x" }],
    ["agent", "issue_status_logs", { changed_by: "x" }],
    ["agent", "issue_import_logs", { imported_by: "x" }],
    ["admin", "issue_import_logs", { imported_by: "x" }],
    ["admin", "issue_status_logs", { changed_by: "x" }],
    ["admin", "segment_corrections", { corrected_by: "x" }],
    ["admin", "failed_circle_events", { status: "processed" }],
    ["admin", "circle_triage_queue", { title: "x" }],
    ["agent", "circle_spaces", { space_name: "x" }],
    ["agent", "tracker_settings", { triage_threshold: 0.1 }],
  ];
  test.each(writes)("%s changes nothing in %s", async (who, table, values) => {
    const from = (people[who] as Client).from(table as never);
    const updated = await from.update(values as never).not(Object.keys(values)[0] ?? "", "is", null)
      .select() as {
        data: unknown[] | null;
        error: { code: string } | null;
        status: number;
      };
    expect(updated.data ?? []).toEqual([]);
    expect(updated.status, JSON.stringify(updated.error)).toBe(403);
  });

  test("an import log is the agent's own, whatever it says", async () => {
    const { data } = await (people.agent as Client).from("issue_import_logs").insert({
      circle_issue_id: messageId,
      imported_by: "adam",
      is_automatic: true,
      imported_at: "2020-01-01T00:00:00Z",
    }).select().single();
    expect(data).toMatchObject({ imported_by: "agnes", is_automatic: false });
    expect(data?.imported_at).not.toMatch(/^2020/);
  });

  test("a decision is the agent's own, whatever it says", async () => {
    const { data } = await (people.agent as Client).from("circle_issues").update({
      is_triaged: true,
      triaged_by: "adam",
      triaged_at: "2020-01-01T00:00:00Z",
    }).eq("id", messageId).select().single();
    expect(data).toMatchObject({ is_triaged: true, triaged_by: "agnes" });
    expect(data?.triaged_at).not.toMatch(/^2020/);
  });

  test.each(["stranger", "anon"])("%s sees nothing of it", async (who) => {
    for (
      const table of [
        "circle_issues",
        "circle_triage_queue",
        "failed_circle_events",
        "issue_import_differences",
      ]
    ) {
      const { data } = await (people[who] as Client).from(table as never).select();
      expect(data ?? []).toEqual([]);
    }
  });
});
