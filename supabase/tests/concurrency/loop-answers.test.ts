import fc from "fast-check";
import type { ReservedSql, Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Whatever persons do to issues, duplicates, links and fixes while they wait, ship and are told of: nobody is told of one fix
// twice, and who is behind a fix in the end is told.

const STORIES = size(60, 5_000);
const SEED = 20261201;

const issue = fc.integer({ min: 1, max: 3 });
const engineering = fc.constantFrom(1, 1, 1, 2);

type Step = readonly [string, number?, number?];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant("link"), issue, engineering) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("unlink"), issue) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("merge"), issue, issue) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("unmerge"), issue) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("fix"), engineering) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("unfix"), engineering) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("ship"), engineering) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("resolve"), issue) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("reopen"), issue) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("delete"), issue) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("return"), issue) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("import"), issue, issue) },
  { weight: 3, arbitrary: fc.constant(["tell"] as const) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("release"), engineering) },
  { weight: 2, arbitrary: fc.constant(["claim"] as const) },
  { weight: 2, arbitrary: fc.constant(["post"] as const) },
);

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 1);
  await sql`update public.loop_settings set ship_gate = 'person', reply_mode = 'automatic'`;
  await sql`
    insert into public.service_policies (name, clock, applies_from, answer_minutes)
    values ('Answers', 'wall', now() - interval '30 days', 600)
  `;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const id = (number = 0): string => `10000000-0000-4000-8000-00000000000${number}`;

/** Three issues, the first the oldest, each reported by one message, and two engineering issues. */
async function prepare(by: ReservedSql): Promise<void> {
  await by`
    insert into public.issues (id, title, segment, created_at)
    select ('10000000-0000-4000-8000-00000000000' || n)::uuid, 'Issue ' || n, 'code', now() - make_interval(hours => 9 - n)
    from generate_series(1, 3) as n
  `;
  await by`
    insert into public.circle_issues (message_id, title, posted_at, mapped_to_issue_id)
    select 'post_' || n, 'Message', now() - make_interval(hours => 9 - n), ('10000000-0000-4000-8000-00000000000' || n)::uuid
    from generate_series(1, 3) as n
  `;
  await by`insert into public.exai_issues (issue_number, title) values (901, 'One'), (902, 'Two')`;
}

async function take(by: ReservedSql, [what, one = 0, other = 0]: Step): Promise<void> {
  switch (what) {
    case "link":
      return void await by`select public.link_issue(${id(one)}, ${900 + other})`;
    case "unlink":
      return void await by`select public.unlink_issue(${id(one)})`;
    case "merge":
      return void await by`select public.merge_issues(${id(one)}, ${id(other)})`;
    case "unmerge":
      return void await by`select public.unmerge_issues(${id(one)})`;
    case "fix":
      return void await by`update public.exai_issues set status = 'fixed' where issue_number = ${900 + one}`;
    case "unfix":
      return void await by`update public.exai_issues set status = 'open' where issue_number = ${900 + one}`;
    case "ship":
      return void await by`select public.ship_issue(${900 + one})`;
    case "claim":
      return void await by`select id from public.claim_deliveries('circle', 50)`;
    case "post":
      await take(by, ["claim"]);
      return await post(by);
    case "release":
      await take(by, ["fix", one]);
      await take(by, ["ship", one]);
      return await take(by, ["tell"]);
    case "resolve":
      return void await by`
        update public.issues set status = 'resolved' where id = ${id(one)} and status <> 'archived'
      `;
    case "reopen":
      return void await by`
        update public.issues set status = 'in_progress' where id = ${id(one)} and status <> 'archived'
      `;
    case "delete":
      return void await by`delete from public.issues where id = ${id(one)}`;
    case "return":
      return void await by`
        select public.return_circle_issue(c.id) from public.circle_issues as c where c.message_id = ${`post_${one}`}
      `;
    case "import":
      return void await by`
        select public.import_circle_issue(c.id, ${id(other)}) from public.circle_issues as c
        where c.message_id = ${`post_${one}`}
      `;
    default:
      await by`
        select public.approve_delivery(d.id) from public.deliveries as d where d.status = 'draft' and d.kind = 'fixed'
      `;
      await take(by, ["post"]);
      await by`
        select public.finish_delivery(q.delivery_id, q.fencing_token) from private.delivery_queue as q where q.is_leased
      `;
  }
}

/** Posts what is leased, unless it has been cancelled. Whether it has arrived is not known yet. */
async function post(by: ReservedSql): Promise<void> {
  const leased = await by<{ id: string; token: string }[]>`
    select q.delivery_id as id, q.fencing_token as token from private.delivery_queue as q
    where q.is_leased and q.sent_at is null order by 1
  `;
  for (const { id, token } of leased) {
    await by`
      insert into told
      select r.reference, s.reference || ' ' || s.at
      from public.mark_delivery_sent(${id}, ${token}) as m
      join public.deliveries as d on d.id = ${id} and d.kind = 'fixed' and m is not null
      cross join lateral jsonb_array_elements_text(d.payload -> 'reporters') as r (reference)
      left join public.loop_events as s
        on s.issue_id = d.issue_id and s.generation = d.generation and s.hop = 'shipped'
    `;
  }
}

/** Takes a step, or does nothing where it is refused. */
async function attempt(by: ReservedSql, next: Step): Promise<void> {
  await by`savepoint step`;
  try {
    await take(by, next);
  } catch (error) {
    expect(String((error as { code?: string }).code)).toMatch(/^PT4/);
    await by`rollback to savepoint step`;
  }
  await by`release savepoint step`;
}

/** What is wrong, by name. */
const faults = (by: ReservedSql) =>
  by`
    select 'told twice' as fault, t.message || ' of ' || t.fix as detail from told as t
    where t.fix is not null group by t.message, t.fix having count(*) > 1
    union all
    select 'no resolution', i.title from public.issues as i
    join public.loop_issues as l on l.issue_id = i.id
    where (i.resolved_at is not null) <> exists (
      select from public.loop_events as e
      where e.issue_id = i.id and e.generation = l.generation and e.hop = 'resolved'
    )
    union all
    select 'owes an answer', i.title from public.open_service_targets as t
    join public.issues as i on i.id = t.issue_id
    where t.stage = 'answer' and (
      exists (select from public.issue_merges as m where m.source_issue_id = i.id)
      or i.resolved_at is null and not exists (
        select from public.issue_links as k join public.exai_issue_fixes as f using (exai_issue_id)
        where k.issue_id = i.id and f.fixed_at is not null
      ) and not exists (
        select from public.loop_events as e where e.issue_id = i.id and e.generation = t.generation and e.hop = 'shipped'
      )
    )
  `;

/** Who is behind a resolved issue and was told neither there nor where they were before. */
const untold = (by: ReservedSql) =>
  by`
    select c.message_id from public.circle_issues as c
    join public.issues as i on i.id = c.mapped_to_issue_id and i.status = 'resolved'
    join public.loop_issues as l on l.issue_id = i.id
    left join public.loop_events as s on s.issue_id = i.id and s.generation = l.generation and s.hop = 'shipped'
    group by c.id, i.id, l.generation
    having not exists (
      select from public.loop_events as e
      where e.issue_id = i.id and e.generation = l.generation and e.hop = 'answered' and e.reference = c.message_id
    ) and not exists (
      select from told as t
      where t.message = c.message_id and (
        t.fix is null or t.fix = any (array_agg(s.reference || ' ' || s.at))
        -- who came from another issue was told of the fix of that one
        or right(c.message_id, 1) <> right(i.id::text, 1)
      )
    )
  `;

test(`in ${STORIES} stories each reporter is told once`, () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
      const by = await sql.reserve();
      try {
        await by`begin`;
        await by`create temp table told (message text, fix text) on commit drop`;
        await prepare(by);
        for (const next of steps) await attempt(by, next);
        for (const next of [["fix", 1], ["fix", 2], ["ship", 1], ["ship", 2], ["tell"]] as Step[]) {
          await attempt(by, next);
        }
        await by`select private.run_service_levels()`;
        expect([...await faults(by)]).toEqual([]);
        expect([...await untold(by)]).toEqual([]);
      } finally {
        await by`rollback`;
        by.release();
      }
    }),
    { numRuns: STORIES, seed: SEED },
  ));
