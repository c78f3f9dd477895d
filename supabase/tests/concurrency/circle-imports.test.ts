import fc from "fast-check";
import type { ReservedSql, Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Edit,
  finalRows,
  type Json,
  type Rows,
  type Snapshot,
  type World,
} from "../support/circle-model.ts";
import { sequences, type Step } from "../support/circle-payloads.ts";
import { openWorld, storedRows } from "../support/circle-rows.ts";
import type { Family } from "../support/circle-values.ts";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Whatever is sent, in any order, any number of times, in any batches, by one or by many at once: the rows are those that a
// plain model makes of the set of all that was told.

/** The shapes that are generated. */
const FAMILIES: readonly Family[] = ["envelope", "flat", "headless", "headless thread", "post"];
const SEED = 20261121;
const SEQUENCES = size(150, 3_000);
const SHARES = 1;
/** Sequences that the model takes in another order. */
const SHUFFLES = size(100, 300);
const SEQUENCES_AT_ONCE = size(10, 36);
const LANES = 6;
const BASE = 201_500_000;
const AGENT = "00000000-0000-4000-8000-000000000001";

let database: TestDatabase;
let sql: Sql;
let world: World;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", LANES);
  await sql`insert into auth.users (id, email) values (${AGENT}, 'agnes@example.org')`;
  await sql`insert into public.team_members (user_id, role) values (${AGENT}, 'agent')`;
  await sql`insert into public.tags (name) values ('auth'), ('circle'), ('code'), ('misc'), ('tool')`;
  world = await openWorld(sql);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const expected = (steps: Step[]): Rows =>
  finalRows(
    steps.flatMap((step): (Snapshot | Edit)[] => "edit" in step ? [step.edit] : step.snapshots),
    world,
  );

/** Issues that say something else than their message, without a person having written it. */
function assertRows(actual: Rows & { unformatted: string[] }, steps: Step[]): void {
  const { messages, replies, issues, unformatted } = actual;
  const wanted = expected(steps);
  const edited = wanted.issues.filter(({ description }) => description === "Written by hand");
  const whole = messages.map((message, at) =>
    wanted.messages[at] && wanted.messages[at].raw_data === undefined
      ? { ...message, raw_data: undefined }
      : message
  );
  const kept = issues.map((issue, at) => wanted.issues[at]?.tags === null ? { ...issue, tags: null } : issue);
  expect({ messages: whole, replies, issues: kept }).toEqual(wanted);
  expect(unformatted).toEqual(edited.map(({ message_id }) => message_id));
}

interface Answer {
  processed: number;
  errors: Json[];
}

const handle = (by: Sql | ReservedSql, payload: Json) =>
  by<{ answer: Answer }[]>`select public.handle_circle_webhook(${
    JSON.stringify(payload)
  }::text::jsonb) as answer`;

const edit = (by: ReservedSql, { edit: { id, column, value } }: Extract<Step, { edit: unknown }>) => [
  by`
    select set_config('request.jwt.claims', ${JSON.stringify({ sub: AGENT, role: "authenticated" })}, true),
      set_config('role', 'authenticated', true)
  `,
  by`
    update public.issues set ${by({ [column]: value })}
    where id = (select c.mapped_to_issue_id from public.circle_issues as c where c.message_id = ${id})
  `,
  by`select set_config('request.jwt.claims', '', true), set_config('role', 'none', true)`,
];

/** Runs a sequence in a transaction that leaves nothing, without waiting for one step before sending the next. */
async function inTransaction(by: ReservedSql, steps: Step[], base: number): Promise<void> {
  // a query is not sent before somebody waits for it, or says so
  const sent: PromiseLike<unknown>[] = [by`begin`.execute()];
  const answers = steps.map((step) => {
    if ("edit" in step) {
      sent.push(...edit(by, step).map((query) => query.execute()));
      return undefined;
    }
    const answer = handle(by, step.payload).execute();
    sent.push(answer);
    return answer;
  });
  const stored = storedRows(by, base);
  const results = await Promise.allSettled([...sent, stored, by`rollback`.execute()]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  for (const [at, step] of steps.entries()) {
    if ("edit" in step) continue;
    const [row] = await answers[at] ?? [];
    expect(row?.answer).toMatchObject({
      processed: Array.isArray(step.payload) ? step.payload.length : 1,
      errors: [],
    });
  }
  const actual = await stored;
  assertRows(actual, steps);
  expect(actual.issueCount).toBe(actual.issues.length);
}

/** What fast-check found, with the smallest sequence that shows it and how its rows differ. */
function report({ failed, counterexample, numRuns, numShrinks, seed, errorInstance }: Run): Promise<void> {
  if (!failed) return Promise.resolve();
  const after = `After ${numRuns} sequences, made smaller ${numShrinks} times (seed ${seed})`;
  const [steps] = counterexample ?? [];
  return Promise.reject(
    new Error(steps ? `${after}:\n${shown(steps)}` : `${after}: nothing ran`, { cause: errorInstance }),
  );
}

type Run = fc.RunDetails<[Step[]]>;

/** A sequence as it is shown where it fails: what was sent, and what was edited. */
const shown = (steps: Step[]): string =>
  steps.map((step) => JSON.stringify("edit" in step ? step : step.payload)).join("\n");

test("the model itself knows no order and no repetition", () => {
  const plan = { families: FAMILIES, base: BASE, withEdits: false, isSettled: false };
  const snapshots = sequences(plan).map((steps) =>
    steps.flatMap((step) => "edit" in step ? [] : step.snapshots)
  );
  fc.assert(
    fc.property(
      snapshots.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }))
      ),
      ([once, shuffled]) => {
        expect(finalRows(shuffled, world)).toEqual(finalRows(once, world));
      },
    ),
    { numRuns: SHUFFLES, seed: SEED },
  );
});

describe(`${SEQUENCES} sequences of imports and edits end in the rows of the model`, () => {
  const shares = Array.from({ length: SHARES }, (_, at) => at + 1);
  test.concurrent.each(shares)(`part %i of ${SHARES}`, async (share) => {
    // messages of its own: whoever writes a key waits for another who has, and has not committed
    const base = BASE + 1_000_000 * share;
    const plan = { families: FAMILIES, base, withEdits: true, isSettled: FAMILIES.length > 1 };
    const by = await sql.reserve();
    try {
      await fc.assert(fc.asyncProperty(sequences(plan), (steps) => inTransaction(by, steps, base)), {
        numRuns: SEQUENCES / SHARES,
        seed: SEED + share,
        asyncReporter: report,
      });
    } finally {
      by.release();
    }
  });
});

describe(`${SEQUENCES_AT_ONCE} sequences sent over ${LANES} connections at once, each payload twice`, () => {
  const ways: Record<string, (payload: Json) => Promise<Answer | undefined>> = {
    "straight into the import": async (payload) => (await handle(sql, payload))[0]?.answer,
    "as stored events": async (payload) => {
      const body = Buffer.from(JSON.stringify(payload)).toString("base64");
      const [event] = await sql<{ id: string }[]>`select public.receive_circle_event(${body}) as id`;
      const [row] = await sql<{ answer: Answer }[]>`
        select public.process_circle_event(${event?.id ?? ""}) as answer
      `;
      return row?.answer;
    },
  };

  test.each(Object.keys(ways).map((way, at) => [way, at] as const))("%s", async (way, at) => {
    const base = BASE + 1_000_000 * (SHARES + at + 1);
    for (let round = 0; round < SEQUENCES_AT_ONCE; round++) {
      const plan = { families: FAMILIES, base: base + 1000 * round, withEdits: false, isSettled: true };
      const [steps = []] = fc.sample(sequences(plan), { numRuns: 1, seed: SEED + round });
      const payloads = steps.flatMap((step) => "edit" in step ? [] : [step.payload]);
      const queue = [...payloads, ...payloads.toReversed()];
      await Promise.all(Array.from({ length: LANES }, async () => {
        for (let payload = queue.shift(); payload !== undefined; payload = queue.shift()) {
          const answer = await ways[way]?.(payload);
          expect(answer?.errors).toEqual([]);
        }
      }));
      try {
        assertRows(await storedRows(sql, plan.base), steps);
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : error}\n${shown(steps)}`, {
          cause: error,
        });
      }
    }
  });
});
