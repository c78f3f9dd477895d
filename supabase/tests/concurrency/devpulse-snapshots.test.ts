import fc from "fast-check";
import type { ReservedSql, Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { goalState } from "../support/devpulse-goals.ts";
import { gapsOf, type Goal, Model, type Numbers, type Step } from "../support/devpulse-model.ts";
import { build, type By, createWorld, perform, runs, type World } from "../support/devpulse-steps.ts";
import { size } from "../support/size.ts";

// Whatever is read, late or twice, with gaps, by whom and in which order, built at any moment: snapshots and goals are those of
// a plain model that computes each number of each day from everything that was read.

const SEED = 20261130;
const RUNS = size(8, 500);
const CONCURRENT_RUNS = size(2, 40);
const LANES = 4;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", LANES + 1);
  await sql`select 1`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

interface Stored {
  key: string;
  metrics: Record<string, Numbers>;
  gaps: string[];
}

/** The snapshots of the users, by the model's keys. */
async function stored(by: By, world: World): Promise<Map<string, Stored>> {
  const rows = await by<Stored[]>`
    select concat_ws(' ', u.number - 1, s.workspace_id is not null, s.platform, s.snapshot_type,
      s.snapshot_date - date '1970-01-01') as key, s.metrics, s.gaps
    from unnest(${world.users.map(({ id }) => id)}::uuid[]) with ordinality as u (id, number)
    join public.analytics_snapshots as s on s.user_id = u.id
  `;
  return new Map(rows.map((row) => [row.key.replace(" t ", " true ").replace(" f ", " false "), row]));
}

function expectSnapshots(actual: Map<string, Stored>, model: Model, filter: (key: string) => boolean): void {
  const wanted = new Map([...model.snapshots()].filter(([key]) => filter(key)));
  const found = [...actual].filter(([key]) => filter(key));
  const plain = (entries: Iterable<readonly [string, unknown]>) =>
    Object.fromEntries([...entries].sort(([a], [b]) => a < b ? -1 : 1));
  expect(plain(found.map(([key, { metrics }]) => [key, metrics]))).toEqual(plain(wanted));
  for (const [key, { metrics, gaps }] of found) expect(gaps, key).toEqual(gapsOf(metrics));
}

/** Makes the goals and compares what they are given immediately. */
async function expectGoals(by: By, world: World, model: Model, goals: readonly Goal[]): Promise<void> {
  const snapshots = model.snapshots();
  const incomplete = new Map<string, number[]>();
  for (const platform of ["github", "youtube", "devto", "all"]) {
    const [row] = await by<{ days: number[] }[]>`
      select array(
        select d - date '1970-01-01'
        from unnest(private.incomplete_periods(${world.workspaceId}, ${platform}, 'daily')) as d
      ) as days
    `;
    incomplete.set(platform, row?.days ?? []);
  }
  for (const goal of goals) {
    const user = world.users[goal.user];
    const date = (day: number) => (user?.today ?? 0) + day;
    const [row] = await by<{ baseline: number | null; current: number; achieved_on: number | null }[]>`
      insert into public.goals (
        user_id, workspace_id, platform, goal_type, target_value, unit, start_date, end_date, direction
      )
      values (
        ${user?.id ?? ""}, ${goal.inWorkspace ? world.workspaceId : null}, ${goal.platform}, ${goal.metric},
        ${goal.target}, ${goal.isPercentage ? "percentage" : "count"},
        date '1970-01-01' + ${date(goal.start)}::integer, date '1970-01-01' + ${date(goal.end ?? 0)}::integer,
        ${goal.keepsBelow ? "keep_below" : "reach"}
      )
      returning baseline_value::float as baseline, current_value::float as current,
        (achieved_at at time zone ${user?.timezone ?? ""})::date - date '1970-01-01' as achieved_on
    `;
    const state = goalState(
      goal,
      snapshots,
      world.users,
      (day, platform) => incomplete.get(platform)?.includes(day) ?? false,
    );
    expect({
      baseline: row?.baseline,
      current: row?.current,
      achievedOn: row?.achieved_on === null ? null : (row?.achieved_on ?? NaN) - date(0),
    }, JSON.stringify(goal)).toEqual({
      ...state,
      // the current day may be tomorrow's in the model: what is achieved is achieved now at the latest
      achievedOn: state.achievedOn === null ? null : Math.min(state.achievedOn, 0),
    });
  }
}

async function inTransaction(step: (by: ReservedSql) => Promise<void>): Promise<void> {
  const by = await sql.reserve();
  try {
    await by`begin`;
    await step(by);
  } finally {
    await by`rollback`;
    by.release();
  }
}

describe("snapshots and goals are those of the model", () => {
  test(`${RUNS} runs in which each step marks what it changes`, async () => {
    await fc.assert(
      fc.asyncProperty(runs(false), ({ monitors, steps, goals }) =>
        inTransaction(async (by) => {
          const world = await createWorld(by, monitors);
          const model = new Model(world.users, monitors);
          for (const step of steps) {
            model.apply(step);
            await perform(by, world, step);
          }
          await build(by);
          expectSnapshots(await stored(by, world), model, () => true);
          await expectGoals(by, world, model, goals);
        })),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test(`${RUNS} runs in which monitors come and go`, async () => {
    await fc.assert(
      fc.asyncProperty(runs(true), ({ monitors, steps, goals }) =>
        inTransaction(async (by) => {
          const world = await createWorld(by, monitors);
          const model = new Model(world.users, monitors);
          for (const step of steps) {
            model.apply(step);
            await perform(by, world, step);
          }
          await build(by);
          const today = (key: string) =>
            world.users.some(({ today }, user) =>
              key.startsWith(`${user} `) && key.endsWith(` daily ${today}`)
            );
          expectSnapshots(await stored(by, world), model, today);
          // a monitor counts for the days before it once these are built again
          for (const { id, today } of world.users) {
            await by`
              select public.backfill_snapshots(d - 12, d, ${id})
              from (select date '1970-01-01' + ${today}::integer as d) as t
            `;
          }
          await build(by);
          expectSnapshots(await stored(by, world), model, () => true);
          await expectGoals(by, world, model, goals);
        })),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

test(`${CONCURRENT_RUNS} runs over ${LANES} connections at once, while snapshots are built`, async () => {
  for (let round = 0; round < CONCURRENT_RUNS; round++) {
    const [run] = fc.sample(runs(false), { numRuns: 1, seed: SEED + round });
    if (!run) throw new Error("nothing was generated");
    const world = await createWorld(sql, run.monitors);
    const model = new Model(world.users, run.monitors);
    for (const step of run.steps) model.apply(step);
    // what is about one connection stays in its order
    const lanes = Map.groupBy(
      run.steps.filter(({ kind }) => kind !== "build"),
      (step: Step) =>
        "platform" in step ? `${step.user} ${step.platform}` : "user" in step ? `${step.user}` : "",
    );
    let isWriting = true;
    const builder = (async () => {
      while (isWriting) await build(sql);
    })();
    try {
      await Promise.all([...lanes.values()].map(async (steps) => {
        for (const step of steps) await perform(sql, world, step);
      }));
    } finally {
      isWriting = false;
      await builder;
    }
    await build(sql);
    expectSnapshots(await stored(sql, world), model, () => true);
  }
});
