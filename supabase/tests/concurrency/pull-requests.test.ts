import fc from "fast-check";
import type { ReservedSql, Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Changes of a pull request arrive as deliveries, late, twice, in any order or not at all, and as answers to requests that
// were sent in between. The row ends as GitHub has it.

const SEED = 20261121;
const SEQUENCES = size(150, 1_500);
const BASE = Date.parse("2026-03-01T10:00:00Z");

/** A pull request at one moment. */
interface State {
  /** Whole seconds, which is all that GitHub tells: several changes may share one. */
  second: number;
  kind: "open" | "closed" | "merged";
  title: string;
  isDraft: boolean;
}

type Step =
  /** The delivery about state `at` arrives. */
  | { deliver: number }
  /** The answer arrives to a question that was asked between state `at` and the next. */
  | { answer: number };

interface Story {
  history: State[];
  steps: Step[];
  isComplete: boolean;
}

const history = fc.array(
  fc.record({
    /** How long after the one before. */
    wait: fc.constantFrom(0, 0, 1, 3),
    kind: fc.constantFrom("open", "open", "closed", "merged"),
    title: fc.constantFrom("a", "b", "c"),
    isDraft: fc.boolean(),
  }),
  { minLength: 1, maxLength: 7 },
).map((changes) => {
  const states: State[] = [];
  let second = 0;
  for (const { wait, ...state } of changes) {
    second += wait;
    states.push({ ...state, second } as State);
    // a merge is the end
    if (state.kind === "merged") break;
  }
  return states;
});

const story: fc.Arbitrary<Story> = history.chain((states) => {
  const all = states.map((_, at) => at);
  const deliveries = fc.oneof(
    fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }).map((order) => ({
      order,
      isComplete: true,
    })),
    fc.shuffledSubarray([...all, ...all]).map((order) => ({
      order,
      isComplete: all.every((at) => order.includes(at)),
    })),
  );
  const answers = fc.array(fc.record({ at: fc.constantFrom(...all), place: fc.nat(14) }), { maxLength: 4 });
  return fc.tuple(deliveries, answers).map(([{ order, isComplete }, asked]) => {
    const steps: Step[] = order.map((deliver) => ({ deliver }));
    for (const { at, place } of asked) steps.splice(Math.min(place, steps.length), 0, { answer: at });
    return { history: states, steps, isComplete };
  });
});

const iso = (seconds: number): string => new Date(BASE + seconds * 1000).toISOString();

function payload({ second, kind, title, isDraft }: State): string {
  const at = iso(second).replace(".000", "");
  return JSON.stringify({
    number: 1,
    state: kind === "open" ? "open" : "closed",
    draft: isDraft,
    title,
    created_at: iso(0),
    updated_at: at,
    closed_at: kind === "open" ? null : at,
    merged_at: kind === "merged" ? at : null,
    merge_commit_sha: kind === "merged" ? "merge" : "tried-out",
    head: { ref: "fix", sha: "abc", repo: { full_name: "acme/shop" } },
    base: { ref: "main", repo: { full_name: "acme/shop", private: true } },
  });
}

/** When a request was sent that found state `at`: after this state began and before the next one did. */
const askedAt = (states: State[], at: number): string => iso((states[at]?.second ?? 0) + (at + 1) / 100);

const record = (by: Sql | ReservedSql, state: State, readAt: string | null) =>
  by`
    select private.record_pull_request(
      private.ensure_repository('acme', 'shop'), private.parse_pull_request(${
    payload(state)
  }::text::jsonb), ${readAt}::text::timestamptz, null
    )
  `;

interface Row {
  kind: string;
  title: string;
  is_draft: boolean;
  is_due: boolean;
  updated_at: string;
}

const stored = (by: Sql | ReservedSql) =>
  by<Row[]>`
    select case when p.merged_at is not null then 'merged' else p.state end as kind, p.title, p.is_draft,
      c.next_attempt_at is not null as is_due, p.provider_updated_at::text as updated_at
    from public.pull_requests as p join private.pull_request_checks as c on c.pull_request_id = p.id
  `;

const rowOf = ({ kind, title, isDraft }: State) => ({ kind, title, is_draft: isDraft });

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 6);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** Runs statements in a transaction that is rolled back, without waiting for one before sending the next. */
async function inTransaction<T>(by: ReservedSql, work: () => { execute(): PromiseLike<T> }[]): Promise<T[]> {
  const begun = by`begin`.execute();
  const results = work().map((query) => query.execute());
  const ended = by`rollback`.execute();
  const settled = await Promise.allSettled([begun, ...results, ended]);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return await Promise.all(results);
}

function play(by: ReservedSql, { history, steps }: Story) {
  return steps.map((step) => {
    const at = "deliver" in step ? step.deliver : step.answer;
    const state = history[at];
    if (!state) throw new Error("no such state");
    return record(by, state, "deliver" in step ? null : askedAt(history, at));
  });
}

async function withConnection(property: (by: ReservedSql) => Promise<void>): Promise<void> {
  const by = await sql.reserve();
  try {
    await property(by);
  } finally {
    by.release();
  }
}

describe(`${SEQUENCES} histories of a pull request`, () => {
  test(
    "end as GitHub has it, after what is due was asked",
    () =>
      withConnection((by) =>
        fc.assert(
          fc.asyncProperty(story, async (told) => {
            const last = told.history.at(-1);
            if (!last || told.steps.length === 0) return;
            const end = iso(last.second + 60);
            const results = await inTransaction(by, () =>
              [
                ...play(by, told),
                stored(by),
                record(by, last, end),
                stored(by),
              ] as unknown as { execute(): PromiseLike<Row[]> }[]);
            const before = results.at(-3)?.[0];
            const after = results.at(-1)?.[0];
            // what is not due has to be right already, unless its delivery was lost
            if (told.isComplete && !before?.is_due) expect(before).toMatchObject(rowOf(last));
            expect(after).toMatchObject(rowOf(last));
            expect(after?.is_due).toBe(last.kind === "open");
          }),
          { numRuns: SEQUENCES, seed: SEED },
        )
      ),
  );

  test("of deliveries alone end the same in every order", () =>
    withConnection((by) =>
      fc.assert(
        fc.asyncProperty(
          history.chain((states) => {
            const all = states.map((_, at) => at);
            const order = fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 });
            return fc.tuple(fc.constant(states), order, order);
          }),
          async ([states, one, other]) => {
            const rows: (Row | undefined)[] = [];
            for (const order of [one, other]) {
              const steps = order.map((deliver) => ({ deliver }));
              const results = await inTransaction(by, () =>
                [
                  ...play(by, { history: states, steps, isComplete: true }),
                  stored(by),
                ] as unknown as { execute(): PromiseLike<Row[]> }[]);
              rows.push(results.at(-1)?.[0]);
            }
            expect({ ...rows[0], is_due: null }).toEqual({ ...rows[1], is_due: null });
          },
        ),
        { numRuns: SEQUENCES / 3, seed: SEED },
      )
    ));
});

test("concurrent deliveries of one pull request over six connections end as the newest", async () => {
  const states: State[] = Array.from({ length: 60 }, (_, second) => ({
    second,
    kind: second === 59 ? "merged" : "open",
    title: `${second}`,
    isDraft: second % 2 === 0,
  }));
  const shuffled = fc.sample(fc.shuffledSubarray([...states, ...states], { minLength: 120 }), {
    numRuns: 1,
    seed: SEED,
  })[0] ?? [];
  await Promise.all(shuffled.map((state) => record(sql, state, null)));
  expect(await stored(sql)).toMatchObject([{ kind: "merged", title: "59" }]);
  await sql`delete from public.pull_requests`;
});

test("a task that names a branch and a concurrent pull request that comes from it are linked", async () => {
  const user = crypto.randomUUID();
  await sql`insert into auth.users (id, email) values (${user}, 'maya@example.org')`;
  for (let round = 0; round < 25; round++) {
    const branch = `fix-${round}`;
    const pull = JSON.parse(payload({ second: 0, kind: "open", title: "a", isDraft: false })) as Record<
      string,
      unknown
    >;
    pull.number = round + 1;
    pull.head = { ref: branch, sha: "abc", repo: { full_name: "acme/shop" } };
    await Promise.all([
      sql`
        insert into public.tasks (user_id, repo_url, pr_branch, created_at)
        values (${user}, 'https://github.com/acme/shop', ${branch}, '2026-01-01')
      `,
      sql`
        select private.record_pull_request(
          private.ensure_repository('acme', 'shop'), private.parse_pull_request(${
        JSON.stringify(pull)
      }::text::jsonb), null, null
        )
      `,
    ]);
  }
  const [row] =
    await sql`select count(*)::integer as links from public.task_pull_requests where source = 'branch'`;
  expect(row).toEqual({ links: 25 });
});
