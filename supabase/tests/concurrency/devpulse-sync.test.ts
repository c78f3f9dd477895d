import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Many functions claim, record and finish while users pause, delete and change what they sync.

const CLAIMERS = size(8, 24);
const CONNECTIONS = size(120, 1_000);
const ROUNDS = size(3, 12);
/** What users change at the same time. */
const CHANGED_CONNECTIONS = 12;

interface Claim {
  run_id: number;
  fencing_token: number;
  id: string;
}

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", CLAIMERS + 8);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

beforeEach(async () => {
  await sql`delete from auth.users`;
  await sql`
    insert into auth.users (id, email, email_confirmed_at)
    select gen_random_uuid(), 'user' || n || '@example.com', now() from generate_series(1, ${CONNECTIONS}) as n
  `;
  await sql`
    insert into private.secrets (id, user_id, kind, sealed)
    select gen_random_uuid(), u.id, 'devto_connection', 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA'
    from auth.users as u
  `;
  await sql`
    insert into public.platform_connections (user_id, platform, platform_user_id, platform_username, access_token)
    select s.user_id, 'devto', '1', 'user', 'secret:' || s.id from private.secrets as s
  `;
  await sql`
    insert into public.monitors (user_id, platform, platform_connection_id, monitor_type)
    select c.user_id, 'devto', c.id, 'all' from public.platform_connections as c
  `;
});

const claim = async (limit: number): Promise<Claim[]> => {
  const [row] = await sql<{ claims: Claim[] }[]>`select public.claim_due_monitors(null, ${limit}) as claims`;
  return row?.claims ?? [];
};

const record = ({ run_id, fencing_token }: Claim, articles: number) =>
  sql`
    select public.record_devto_articles(${run_id}, ${fencing_token}, (
      select jsonb_build_object(
        'observed_at', clock_timestamp(), 'listed_ids', jsonb_agg(n),
        'articles', jsonb_agg(jsonb_build_object(
          'devto_article_id', n, 'title', 'Post ' || n, 'view_count', n, 'reaction_count', 0, 'comment_count', 0,
          'url', 'https://dev.to/' || n
        ))
      ) from generate_series(1, ${articles}) as n
    ))
  `;

const finish = ({ run_id, fencing_token }: Claim) =>
  sql`select public.finish_sync_run(${run_id}, ${fencing_token}, '{"state": "succeeded"}')`;

/** The SQLSTATE of what fails; nothing for what does not. */
const codeOf = async (statement: Promise<unknown>): Promise<string[]> => {
  try {
    await statement;
    return [];
  } catch (error) {
    return [String((error as { code?: unknown }).code)];
  }
};

test("each connection is claimed by one, whoever claims at the same time", async () => {
  const claimed = (await Promise.all(Array.from({ length: CLAIMERS }, async () => {
    const own: Claim[] = [];
    for (let some = await claim(5); some.length > 0; some = await claim(5)) own.push(...some);
    return own;
  }))).flat();
  expect(claimed).toHaveLength(CONNECTIONS);
  expect(new Set(claimed.map(({ id }) => id)).size).toBe(CONNECTIONS);
  expect(await sql`select count(*)::integer from public.sync_runs where state = 'running'`).toEqual([
    { count: CONNECTIONS },
  ]);
});

test("two runs of one connection: the one whose lease expired writes nothing any more", async () => {
  const [first] = await claim(1);
  if (!first) throw new Error("nothing is due");
  await sql`
    update private.sync_schedule set lease_expires_at = now(), next_sync_at = now() - interval '1 hour'
    where connection_id = ${first.id}
  `;
  const [second] = await claim(1);
  if (!second) throw new Error("nothing is due");
  expect(second.id).toBe(first.id);
  const codes = await Promise.all(
    Array.from({ length: 20 }, (_, at) => codeOf(record(at % 2 === 0 ? first : second, 3))),
  );
  expect(codes.flat()).toEqual(Array(10).fill("PT410"));
  await Promise.all([finish(first), finish(second)]);
  expect(await sql`select state, count(*)::integer from public.sync_runs group by state order by state`)
    .toEqual([
      { state: "failed", count: 1 },
      { state: "succeeded", count: 1 },
    ]);
});

test("users who pause, delete and change meanwhile: no deadlock, and nothing is left over", async () => {
  const failures: string[] = [];
  let isOver = false;
  const functions = Array.from({ length: CLAIMERS }, async () => {
    while (!isOver) {
      for (const one of await claim(3)) {
        failures.push(
          ...await codeOf(record(one, 4)),
          ...await codeOf(record(one, 4)),
          ...await codeOf(finish(one)),
        );
      }
      failures.push(
        ...await codeOf(sql`
        update private.sync_schedule set next_sync_at = now()
        where ctid = any (array(
          select ctid from private.sync_schedule where lease_expires_at is null and next_sync_at is not null
          for update skip locked limit 20
        ))
      `),
      );
    }
  });
  const changed = await sql<{ id: string }[]>`
    select id from public.platform_connections limit ${CHANGED_CONNECTIONS}
  `;
  const users = Array.from({ length: 6 }, async (_, user) => {
    for (let round = 0; round < ROUNDS * 24; round++) {
      const id = changed[Math.floor(Math.random() * changed.length)]?.id ?? "";
      const statement = [
        () => sql`update public.platform_connections set is_active = not is_active where id = ${id}`,
        () =>
          sql`update public.monitors set sync_frequency = 1 + (random() * 100)::integer where platform_connection_id = ${id}`,
        () => sql`update public.monitors set is_active = not is_active where platform_connection_id = ${id}`,
        () =>
          sql`
          insert into public.monitors (user_id, platform, platform_connection_id, monitor_type)
          select c.user_id, 'devto', c.id, 'user' from public.platform_connections as c where c.id = ${id}
        `,
        () => sql`delete from public.platform_connections where id = ${id} and random() < 0.2`,
        () => sql`update public.platform_connections set status = 'reauth_required' where id = ${id}`,
        () => sql`update public.platform_connections set status = 'connected' where id = ${id}`,
      ][(round + user) % 7];
      if (statement) failures.push(...await codeOf(statement()));
    }
  });
  await Promise.all(users);
  isOver = true;
  await Promise.all(functions);
  // a run whose connection was paused, or is gone, is told so; an insert's connection may be gone
  expect(failures.filter((code) => !["PT410", "23503"].includes(code))).toEqual([]);
  await sql`update private.sync_schedule set next_sync_at = now() where next_sync_at is not null`;
  for (let some = await claim(50); some.length > 0; some = await claim(50)) {
    await Promise.all(some.map(finish));
  }
  expect(
    await sql`
    select
      (select count(*)::integer from public.sync_runs where state = 'running') as running,
      (select count(*)::integer from private.sync_schedule where lease_expires_at is not null) as leased,
      (select count(*)::integer from private.sync_schedule as s join public.platform_connections as c
       on c.id = s.connection_id where (s.next_sync_at is null) <> (
         not c.is_active or c.status <> 'connected' or not exists (
           select from public.monitors as m where m.platform_connection_id = c.id and m.is_active
         )
       )) as wrong
  `,
  ).toEqual([{ running: 0, leased: 0, wrong: 0 }]);
});

test("sync_now, asked a dozen times at once, makes one run", async () => {
  for (let some = await claim(100); some.length > 0; some = await claim(100)) {
    await Promise.all(some.map(finish));
  }
  const [monitor] = await sql<
    { id: string; user_id: string }[]
  >`select id, user_id from public.monitors limit 1`;
  if (!monitor) throw new Error("no monitor");
  const claims = JSON.stringify({ role: "authenticated", sub: monitor.user_id });
  await Promise.all(Array.from({ length: 12 }, () =>
    sql.begin(async (own) => {
      await own`select set_config('request.jwt.claims', ${claims}, true)`;
      await own`set local role authenticated`;
      await own`select public.sync_now(${monitor.id})`;
    })));
  expect(await sql`select requests_count from private.sync_requests`).toEqual([{ requests_count: 1 }]);
  expect(await claim(10)).toHaveLength(1);
});
