import { Buffer } from "node:buffer";
import type { Sql, TransactionSql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { single } from "../../../scripts/demo/messages.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { OPENED } from "../support/github-deliveries.ts";

// Somebody holds a row and forgets it, as in a transaction that is never ended. What is about that row waits,
// and nothing else does.

let database: TestDatabase;
let sql: Sql;
let holder: Sql;
const USER = crypto.randomUUID();

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database);
  holder = connect(database, "postgres", 1);
  await sql`insert into auth.users (id, email) values (${USER}, 'maya@example.org')`;
});

afterEach(async () => {
  await sql`delete from private.inbox_events`;
  await sql`delete from public.issues`;
  await sql`delete from public.circle_issues`;
});

afterAll(async () => {
  await sql?.end();
  await holder?.end();
  await database?.drop();
});

const encoded = (payload: unknown): string => Buffer.from(JSON.stringify(payload)).toString("base64");

const message = (id: number, version = 0) => ({
  ...single,
  Parent_Message: {
    ...single.Parent_Message,
    message_id: id,
    chat_thread_id: id,
    body: `version ${version}`,
    edited_at: new Date(Date.UTC(2026, 2, 3) + version * 1000).toISOString(),
  },
});

const pull = (number: number, version = 0) => {
  const body = structuredClone(OPENED) as {
    number: number;
    repository: { name: string; owner: { login: string } };
    pull_request: { number: number; updated_at: string };
  };
  body.number = body.pull_request.number = number;
  body.pull_request.updated_at = new Date(Date.UTC(2026, 2, 3) + version * 1000).toISOString();
  return body;
};

interface Source {
  /** Processes the first version of a thing: the row that is held, or another one. */
  ingest(thing: number, version?: number): Promise<{ status: string }>;
  /** Only stores a later version. */
  store(thing: number, version: number): Promise<unknown>;
  hold(by: TransactionSql): Promise<unknown>;
  /** The answer to a webhook whose event was stored and not processed. */
  waiting: string;
  done: string;
}

const answer = (rows: readonly { answer: { status: string } }[]): { status: string } =>
  rows[0]?.answer ?? { status: "none" };

const SOURCES: Record<string, Source> = {
  circle: {
    ingest: async (thing, version) =>
      answer(
        await sql<{ answer: { status: string } }[]>`
          select public.ingest_circle_event(${encoded(message(thing, version))}) as answer`,
      ),
    store: (thing, version) => sql`select public.receive_circle_event(${encoded(message(thing, version))})`,
    hold: (by) =>
      by`select from public.issues where id = (
        select mapped_to_issue_id from public.circle_issues where message_id = '1') for update`,
    waiting: "received",
    done: "processed",
  },
  github: {
    ingest: async (thing, version) =>
      answer(
        await sql<{ answer: { status: string } }[]>`
          select public.ingest_github_delivery(${crypto.randomUUID()}, 'pull_request',
            ${encoded(pull(thing, version))}) as answer`,
      ),
    store: (thing, version) =>
      sql`select public.receive_github_delivery(${crypto.randomUUID()}, 'pull_request',
        ${encoded(pull(thing, version))})`,
    hold: (by) => by`select from public.pull_requests where number = 1 for update`,
    waiting: "failed",
    done: "done",
  },
};

beforeAll(async () => {
  const { owner, name } = { owner: pull(1).repository.owner.login, name: pull(1).repository.name };
  await sql`
    insert into public.projects (user_id, repo_url, repo_owner, repo_name, name)
    values (${USER}, ${`https://github.com/${owner}/${name}`}, ${owner}, ${name}, 'Held')
  `;
});

const dueNow = () =>
  sql`update private.inbox_events set next_attempt_at = now() where next_attempt_at is not null`;

async function run(source: string): Promise<{ count: number | undefined; seconds: number }> {
  const began = performance.now();
  const [row] = await sql<{ count: number }[]>`select private.run_inbox_events(${source}) as count`;
  return { count: row?.count, seconds: (performance.now() - began) / 1000 };
}

const events = (status: string) =>
  sql<{ attempts_count: number; is_later: boolean; error: string | null }[]>`
    select attempts_count, next_attempt_at > now() as is_later, error
    from private.inbox_events where status = ${status} order by received_at
  `;

describe.each(Object.entries(SOURCES))("%s: while somebody holds a row", (name, source) => {
  test("its events wait, uncounted, and however many they are, the job reaches the others", async () => {
    await source.ingest(1);
    for (let version = 1; version <= 120; version++) await source.store(1, version);
    for (let thing = 2; thing <= 4; thing++) await source.store(thing, 1);
    await dueNow();
    await holder.begin(async (by) => {
      await source.hold(by);
      const { count, seconds } = await run(name);
      expect(count).toBe(3);
      expect(seconds, "not a second for each").toBeLessThan(60);
      const waiting = await events("received");
      expect(waiting).toHaveLength(120);
      for (const event of waiting) {
        expect(event).toEqual({
          attempts_count: 0,
          is_later: true,
          error: expect.stringMatching(/^55P03/) as unknown,
        });
      }
      // and again: nothing is due, nothing waits for the row, which takes a second
      const again = [await run(name), await run(name), await run(name)];
      expect(Math.min(...again.map(({ seconds }) => seconds))).toBeLessThan(0.9);
    });
    for (let round = 0; (await events("received")).length > 0 && round < 10; round++) {
      await dueNow();
      await run(name);
    }
    expect((await events("processed")).map((event) => event.error)).toEqual(Array(124).fill(null));
  });

  test("an event that has failed before keeps the count of its attempts", async () => {
    await source.ingest(1);
    await source.store(1, 1);
    await sql`
      update private.inbox_events set status = 'failed', processed_at = now(), attempts_count = 10, error = 'x'
      where status = 'received'
    `;
    await sql`update private.inbox_events set next_attempt_at = now() where status = 'failed'`;
    await holder.begin(async (by) => {
      await source.hold(by);
      await run(name);
      expect(await events("received")).toMatchObject([{ attempts_count: 10, is_later: true }]);
    });
    await dueNow();
    expect((await run(name)).count).toBe(1);
  });

  test("a request gives up after 1.5 s, and its event is stored once", async () => {
    await source.ingest(1);
    await holder.begin(async (by) => {
      await source.hold(by);
      for (let time = 0; time < 2; time++) {
        const began = performance.now();
        expect(await source.ingest(1, 1)).toMatchObject({ status: source.waiting });
        const seconds = (performance.now() - began) / 1000;
        expect(seconds).toBeGreaterThan(1.4);
        expect(seconds).toBeLessThan(8);
      }
      expect(await source.ingest(2, 1)).toMatchObject({ status: source.done });
      expect(await events("received")).toMatchObject([{ attempts_count: 0, is_later: true }]);
    });
    await dueNow();
    expect((await run(name)).count).toBe(1);
    expect(await events("received")).toEqual([]);
  });

  test("also where the row is that of the event, which is stored then already", async () => {
    await source.ingest(1);
    await source.store(1, 1);
    await holder.begin(async (by) => {
      await by`select from private.inbox_events where status = 'received' for update`;
      const began = performance.now();
      expect(await source.ingest(1, 1)).toMatchObject({ status: source.waiting });
      await source.store(1, 1);
      expect((performance.now() - began) / 1000).toBeLessThan(15);
    });
    await dueNow();
    expect((await run(name)).count).toBe(1);
  });
});

test("a replay names what it left for later, and the rest is replayed", async () => {
  for (let thing = 1; thing <= 3; thing++) await SOURCES.circle?.ingest(thing);
  const replay = async () => {
    const [row] = await sql<{ answer: unknown }[]>`
      select public.replay_circle_events('-infinity', 'infinity') as answer`;
    return row?.answer;
  };
  await holder.begin(async (by) => {
    await SOURCES.circle?.hold(by);
    expect(await replay()).toMatchObject({ replayed: 3, processed: 2, received: 1 });
  });
  await dueNow();
  expect((await run("circle")).count).toBe(1);
  expect(await replay()).toMatchObject({ replayed: 3, processed: 3 });
});
