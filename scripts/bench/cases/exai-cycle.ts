import assert from "node:assert/strict";
import type postgres from "postgres";
import type { Case, Comparison, Sample } from "../bench.ts";
import { explain } from "../queries.ts";

const CHAIN_LENGTH = 5_000;

/** Edges per sample. */
const REPEATS = 20;

/** Issues before the one that blocks the chain: too many for the check to reach the end of them within its first limit. */
const BEFORE_COUNT = 200;

/** The cost limit of one edge, in single-row inserts. */
const ROWS_EACH = 10;

const INSERT_EDGE = `
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind) values ($1, $2, 'blocks')
`;
const DELETE_EDGE = "delete from public.exai_issue_relations where from_issue_id = $1 and to_issue_id = $2";
const INSERT_UPDATE = `
  insert into public.exai_issue_updates (issue_id, update_type, content, conversation_id)
  values ($1, 'comment', 'Seen again after the last deployment, with the same trace.', 'conversation-1')
`;

interface Chain {
  head: string;
  tail: string;
  /** Has no edges. */
  loose: string;
  /** Waits for a shorter chain. */
  waiting: string;
  /** Issues whose history gets the peer's rows: the cost of a row depends on its issue. */
  others: string[];
}

interface Edge {
  name: string;
  title: string;
  from: keyof Pick<Chain, "tail" | "waiting">;
  to: keyof Pick<Chain, "head" | "loose">;
  isRejected: boolean;
}

const EDGES: readonly Edge[] = [
  {
    name: "exai-cycle-end",
    title: "an edge at the end of a chain of 5,000 issues",
    from: "tail",
    to: "loose",
    isRejected: false,
  },
  {
    name: "exai-cycle-whole",
    title: "an edge in front of such a chain, all of which is searched",
    from: "waiting",
    to: "head",
    isRejected: false,
  },
  {
    name: "exai-cycle-rejected",
    title: "an edge from its end to its beginning, rejected",
    from: "tail",
    to: "head",
    isRejected: true,
  },
];

const OURS = "the edge, checked for cycles";
const PEER = `${ROWS_EACH} single-row inserts`;

export const exaiCycleCase: Case = {
  name: "exai-cycle",
  title: "A block edge that is checked for cycles along 5,000 issues",
  async prepare(bench) {
    const database = await bench.createDatabase("exai_cycle");
    const sql = database.connect();
    const length = Math.max(2, bench.scaled(CHAIN_LENGTH));
    const repeats = bench.scaled(REPEATS);
    bench.progress(`chaining ${length} issues`);
    const chain = await makeChain(sql, length);
    const edges = await countEdges(sql);
    let inserted = 0;

    const insertRows = async (times: number): Promise<Sample> => {
      const sample: Sample = { operations: times, ms: 0 };
      for (let nth = 0; nth < times; nth++) {
        const started = performance.now();
        for (let row = 0; row < ROWS_EACH; row++) {
          const issue = chain.others[inserted++ % chain.others.length] ?? "";
          await sql.unsafe(INSERT_UPDATE, [issue], { prepare: true });
        }
        sample.ms += performance.now() - started;
      }
      return sample;
    };
    const comparison = ({ name, title, from, to, isRejected }: Edge): Comparison => ({
      name,
      title,
      clients: "1 connection",
      unit: "ms",
      contenders: [
        { name: OURS, run: () => addEdges(sql, [chain[from], chain[to]], isRejected, repeats) },
        { name: PEER, run: () => insertRows(repeats) },
      ],
      floors: [{ against: PEER, ratio: 1 }],
      explain: () => sql.begin((tx) => explain(tx, searchFrom(chain[to]))),
    });
    return {
      comparisons: EDGES.map(comparison),
      method:
        `${length} issues of which each blocks the next. An edge is one insert into \`exai_issue_relations\` in a ` +
        "transaction of its own, including the check and the arrays and counts at both ends; it is deleted in between, " +
        "which is not timed. At the end of the chain there is nothing behind the new issue to search; in front of the " +
        `chain, from an issue to which ${BEFORE_COUNT} others lead, every issue of the chain is searched, as for the edge ` +
        `that is rejected. The peer is ${ROWS_EACH} inserts of a row into \`exai_issue_updates\`, with its ` +
        "triggers, each in a transaction of its own. Both are sent prepared, as `postgres`.",
      async warmUp() {
        for (const { from, to, isRejected } of EDGES) {
          await addEdges(sql, [chain[from], chain[to]], isRejected, 5);
        }
        await insertRows(5);
      },
      async verify() {
        assert.equal(await countEdges(sql), edges, "every edge was deleted again");
        const [row] = await sql`select count(*)::integer as count from public.exai_issue_updates`;
        assert.equal(row?.count, inserted, "every row was inserted");
      },
      close: () => sql.end(),
    };
  },
};

/** Writes with triggers, as clients do. */
async function makeChain(sql: postgres.Sql, length: number): Promise<Chain> {
  const others = 100;
  const ids = await sql<{ id: string }[]>`
    insert into public.exai_issues (title)
    select 'Issue ' || n from generate_series(1, ${1 + BEFORE_COUNT + length + others}::integer) as n
    returning id
  `;
  const [loose, ...rest] = ids.map(({ id }) => id);
  const before = rest.splice(0, BEFORE_COUNT);
  const chained = rest.splice(0, length);
  const [head, tail, waiting] = [chained[0], chained.at(-1), before.at(-1)];
  assert(loose && head && tail && waiting);
  const from = [...before.slice(0, -1), ...chained.slice(0, -1)];
  const to = [...before.slice(1), ...chained.slice(1)];
  await sql`
    insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
    select e.from_issue_id, e.to_issue_id, 'blocks'
    from unnest(${from}::uuid[], ${to}::uuid[]) as e (from_issue_id, to_issue_id)
  `;
  for (
    const table of ["public.exai_issues", "public.exai_issue_relations", "private.exai_issue_counts"]
  ) {
    await sql.unsafe(`vacuum (analyze) ${table}`);
  }
  return { head, tail, loose, waiting, others: rest };
}

async function addEdges(
  sql: postgres.Sql,
  ends: [string, string],
  isRejected: boolean,
  times: number,
): Promise<Sample> {
  const sample: Sample = { operations: times, ms: 0 };
  for (let nth = 0; nth < times; nth++) {
    const started = performance.now();
    const rejection = await sql.unsafe(INSERT_EDGE, ends, { prepare: true }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    sample.ms += performance.now() - started;
    assert.equal(rejection, isRejected ? "exai_relation_cycle_conflict" : undefined);
    if (!isRejected) await sql.unsafe(DELETE_EDGE, ends, { prepare: true });
  }
  return sample;
}

async function countEdges(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::integer as count from public.exai_issue_relations
  `;
  return row?.count ?? 0;
}

/** The first query of the check. */
const searchFrom = (id: string): string => `
  with recursive reached (id, is_start) as (
    select '${id}'::uuid, true
    union
    select n.id, n.is_start
    from reached as r
    cross join lateral (
      select e.to_issue_id, true
      from public.exai_issue_relations as e
      where e.from_issue_id = r.id and (e.kind = 'blocks' or r.is_start and e.kind = 'parent')
      union all
      select e.from_issue_id, false
      from public.exai_issue_relations as e
      where e.to_issue_id = r.id and (e.kind = 'parent' or e.kind = 'duplicates')
    ) as n (id, is_start)
  )
  select count(*) from reached
`;
