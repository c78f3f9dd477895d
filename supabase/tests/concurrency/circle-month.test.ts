import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { age, createMonthWorker, LivingCommunity } from "../support/circle-month.ts";
import { type Community, setUpSync, startCommunity } from "../support/circle.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { chanceOf, DAY_MS, HOUR_MS } from "../support/month-days.ts";
import { size } from "../support/size.ts";

// A month of a community, hour by hour, with time driven by the test: Circle fails, runs are killed, members write, answer,
// edit and remove. At the end, all that is in the community is in the tracker, once.

const MEMBERS = size(60, 20_000);
const ROOMS = size(2, 5);
const DAYS = size(2, 31);
const PER_HOUR = size(3, 25);
const QUIET_HOURS = 13;
const SEED = 20_261_130;
const WINDOW_HOURS = 48;

let community: Community;
let database: TestDatabase;
let sql: Sql;
let living: LivingCommunity;
let now: number;
const largest = { seen: 0, members: 0, events: 0, reads: 0 };
const failures = { circle: 0, limited: 0, killed: 0 };

beforeAll(async () => {
  const first = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (DAYS + 2) * DAY_MS;
  now = first;
  community = await startCommunity(() => new Date(now));
  const { state } = community.fake;
  database = await createDatabase();
  sql = connect(database, "postgres", 6);
  await setUpSync(sql, community);
  const rooms = [
    community.help,
    ...Array.from({ length: ROOMS - 1 }, (_, at) => state.addSpace(`Room ${at}`, "chat")),
  ];
  for (const { id, name, roomUuid } of rooms.slice(1)) {
    await sql`
      insert into public.circle_spaces (space_id, space_name, chat_room_uuid) values (${id}, ${name}, ${roomUuid})
    `;
  }
  const boards = [state.addSpace("Bugs", "basic"), state.addSpace("Ideas", "basic")];
  await sql`
    update public.circle_sync_settings set
      page_size = 50, window_hours = ${WINDOW_HOURS}, post_minutes = 120, post_space_ids = ${
    boards.map(({ id }) => id)
  }
  `;
  await sql`update public.tracker_settings set event_retention_days = 1`;
  const members = Array.from({ length: MEMBERS }, (_, at) => state.addMember(`Member ${at}`));
  const chance = chanceOf(SEED);
  living = new LivingCommunity(state, {
    rooms,
    boards,
    members,
    chance,
    messagesPerHour: PER_HOUR,
    postsPerDay: 6,
  });
  const worker = createMonthWorker(sql, community, () => now);
  for (let hour = 1; hour <= DAYS * 24 + QUIET_HOURS; hour++) {
    now = first + hour * HOUR_MS;
    const isQuiet = hour > DAYS * 24;
    if (!isQuiet) {
      living.live(now);
      if (chance.hits(0.1)) state.faults.push({ path: "chat_room", status: 500, body: {}, times: 2 });
      if (chance.hits(0.05)) state.faults.push({ path: "/api/", status: 429, body: {} });
      if (chance.hits(0.05)) {
        worker.kill();
        failures.killed++;
      }
    }
    await age(sql);
    const report = await worker.run();
    failures.circle += report.failed ?? 0;
    failures.limited += report.deferred ?? 0;
    state.requests.length = 0;
    state.faults.length = 0;
    await measure();
    if (hour % 24 === 0) await endDay(hour / 24);
  }
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
  await community?.fake.stop();
});

async function measure(): Promise<void> {
  const [row] = await sql<Record<keyof typeof largest, number>[]>`
    select (select count(*)::int from private.circle_seen_messages) as seen,
      (select count(*)::int from private.circle_members) as members,
      (select count(*)::int from private.inbox_events) as events,
      (select count(*)::int from private.circle_reads) as reads
  `;
  for (const name of ["seen", "members", "events", "reads"] as const) {
    largest[name] = Math.max(largest[name], row?.[name] ?? 0);
  }
}

async function endDay(day: number): Promise<void> {
  await sql`update private.inbox_events set processed_at = processed_at - interval '1 day' where processed_at is not null`;
  await sql`select private.prune_inbox_events()`;
  await sql`select private.prune_circle_sync(${new Date(now)})`;
  if (process.env["SOAK"]) {
    console.log(`day ${day}: ${living.written.length} messages, largest tables`, largest);
  }
}

test("every message of the community is there once, as it is there", async () => {
  const rows = await sql<{ message_id: string; body: string; is_removed: boolean }[]>`
    select message_id, body, removed_at is not null as is_removed from public.circle_issues
    where message_id ~ '^[0-9]+$'
    union all
    select message_id, body, removed_at is not null from public.circle_replies where message_id ~ '^[0-9]+$'
  `;
  const stored = new Map(rows.map(({ message_id, ...row }) => [Number(message_id), row]));
  expect(stored.size).toBe(rows.length);
  const present = living.written.filter(({ id }) => !living.removed.has(id));
  expect(present.length).toBeGreaterThan(DAYS * 24 * PER_HOUR * 0.8);
  const differences = present.filter(({ id, body }) => {
    const row = stored.get(id);
    return row?.body !== body || row.is_removed;
  });
  expect(differences.slice(0, 5).map(({ id, body }) => [id, body, stored.get(id)])).toEqual([]);
});

test("what was removed is marked, and nothing else is", async () => {
  const roots = living.written.filter(({ id, parentId }) => parentId === null && living.removed.has(id));
  const rows = await sql<{ message_id: string; is_removed: boolean }[]>`
    select message_id, removed_at is not null as is_removed from public.circle_issues
    where message_id = any (${roots.map(({ id }) => String(id))}) and title <> 'Untitled message'
  `;
  expect(rows.filter(({ is_removed }) => !is_removed)).toEqual([]);
  expect(roots.length).toBeGreaterThan(0);
});

test("every post and comment is there", async () => {
  const { posts, comments } = community.fake.state;
  const ids = (await sql<{ message_id: string }[]>`
    select message_id from public.circle_issues union all select message_id from public.circle_replies
  `).map(({ message_id }) => message_id);
  const stored = new Set(ids);
  expect(posts.filter(({ id }) => !stored.has(`post_${id}`))).toEqual([]);
  expect(comments.filter(({ id }) => !stored.has(`comment_${id}`)).map(({ id }) => id)).toEqual([]);
  expect(posts.length).toBeGreaterThan(0);
});

test("no message became an issue twice", async () => {
  expect(
    await sql`
    select circle_issue_id from public.issue_import_logs group by 1 having count(*) > 1
  `,
  ).toEqual([]);
});

test("Circle was asked within its limits, though it failed and runs were killed", () => {
  const { counted } = community.fake.state.limits;
  for (const count of counted.values()) expect(count).toBeLessThanOrEqual(4500);
  expect(counted.size).toBeGreaterThan(0);
  expect(failures.circle + failures.limited + failures.killed).toBeGreaterThan(0);
});

test("no table grows with the month", () => {
  const inWindow = (WINDOW_HOURS / 24 + 4) * 24 * PER_HOUR;
  expect(largest.seen).toBeLessThan(inWindow * 1.6 + 200);
  expect(largest.members).toBeLessThanOrEqual(MEMBERS + 3);
  expect(largest.reads).toBe(ROOMS + 3);
  // a page for each read that found something, and a day more than they are kept
  expect(largest.events).toBeLessThan(3 * 24 * 12 * (ROOMS + 2));
});
