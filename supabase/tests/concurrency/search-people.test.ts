import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { single } from "../../../scripts/demo/messages.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { wrongIssueSearch } from "../support/issue-search.ts";
import { size } from "../support/size.ts";

// The names of senders and repliers in the search, under connections that import threads, and edit, move and delete messages,
// replies and issues at the same moment.

const WRITERS = 12;
const STEPS = size(15, 200);
const THREADS = 4;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WRITERS);
  await sql`insert into public.tags (name) values ('auth'), ('circle')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** A thread with one more reply, of somebody new. */
const thread = (id: number, sender: string, reply: number) => ({
  ...single,
  Type: "thread",
  Parent_Message: { ...single.Parent_Message, message_id: id, chat_thread_id: id, sender },
  Replies: [{ reply_index: 1, message_id: reply, body: `Reply ${reply}`, "replier 1": `Replier n${reply}` }],
  Issue_Details: { ...single.Issue_Details, is_issue: true, issue_title: `Thread ${id}`, type: "Auth" },
});

test("threads, names, comments and deletes at once: every name that is left is found, and no other", async () => {
  const work = async (writer: number): Promise<void> => {
    for (let step = 0; step < STEPS; step++) {
      const id = 1000 + (writer + step) % THREADS;
      const message = sql`(select c.id from public.circle_issues as c where c.message_id = ${String(id)})`;
      const issue = sql`(select c.mapped_to_issue_id from public.circle_issues as c where c.message_id = ${
        String(id)
      })`;
      const name = `Person w${writer}s${step}`;
      await [
        () =>
          sql`select public.handle_circle_webhook(${
            JSON.stringify(thread(id, name, 10_000 + writer * 1000 + step))
          }::text::jsonb)`,
        () => sql`update public.circle_issues set author_name = ${name} where id = ${message}`,
        () =>
          sql`insert into public.comments (issue_id, body, author_name) select i, 'Seen', ${name} from ${issue} as v (i) where i is not null`,
        () => sql`update public.circle_replies set author_name = ${name} where circle_issue_id = ${message}`,
        () => sql`update public.issues set title = ${name}, assigned_to = ${name} where id = ${issue}`,
        () =>
          sql`
            insert into public.circle_replies (circle_issue_id, message_id, author_name, body, created_at)
            select m, ${`r${writer}s${step}`}, ${name}, 'Me too', now() from ${message} as v (m) where m is not null
          `,
        () =>
          sql`
            delete from public.circle_replies
            where id = (select r.id from public.circle_replies as r where r.circle_issue_id = ${message} limit 1)
          `,
        () =>
          sql`
            update public.circle_issues as c
            set mapped_to_issue_id = (select i.id from public.issues as i order by i.id offset ${
            step % THREADS
          } limit 1)
            where c.id = ${message}
          `,
      ][(writer + step) % 8]?.();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => work(writer)));
  expect(await sql`select from public.issues`).not.toHaveLength(0);
  expect(await wrongIssueSearch(sql)).toEqual([]);
});

test("a reply that is not committed yet goes along with its message to another issue", async () => {
  const [{ id: message = "", from = "" } = {}] = await sql<{ id: string; from: string }[]>`
    select c.id, c.mapped_to_issue_id as from from public.circle_issues as c limit 1
  `;
  await sql`update public.circle_issues set mapped_to_issue_id = ${from} where id = ${message}`;
  const [{ id: to = "" } = {}] = await sql<{ id: string }[]>`
    insert into public.issues (title, segment) values ('Another', 'misc') returning id
  `;
  let move: Promise<unknown> | undefined;
  await sql.begin(async (replying) => {
    await replying`
      insert into public.circle_replies (circle_issue_id, message_id, author_name, body)
      values (${message}, 'late', 'Latecomer', 'Me too')
    `;
    let isMoved = false;
    move = sql`update public.circle_issues set mapped_to_issue_id = ${to} where id = ${message}`
      .then(() => isMoved = true);
    await expect.poll(async () =>
      isMoved ||
      (await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
          .length > 0
    ).toBe(true);
  });
  await move;
  expect(await wrongIssueSearch(sql)).toEqual([]);
});
