import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { makeExai } from "../data/exai.ts";
import { asCaller, timed } from "../queries.ts";
import { median } from "../rounds.ts";
import { fillAgents, OWNER_ID } from "./agents-data.ts";
import { type Caller, type Operation, OPERATIONS } from "./operations.ts";
import { RAW_VIEWS } from "./raw-views.ts";
import { ADMIN_ID, AGENT_ID, makeTracker } from "./tracker-data.ts";

/** What an operation took at one size. */
export interface Timing {
  ms: number;
  /** Whether it was given up at the limit. */
  isCutOff: boolean;
}

/** What an operation took at each size, and what the same answer from the rows took at the largest. */
export interface Growth {
  operation: Operation;
  times: Timing[];
  raw?: Timing;
}

const CALLERS: Record<Caller, string> = {
  viewer: VIEWER_ID,
  agent: AGENT_ID,
  admin: ADMIN_ID,
  owner: OWNER_ID,
};

const MOST_CALLS = 25;
const ENOUGH_MS = 1_000;
const LIMIT_MS = 20_000;

/** Thrown so that what an operation wrote is rolled back. */
class RollBack extends Error {}

/**
 * Measures the operations over databases of one size.
 *
 * @param bench one whose scale 1 is a million of each
 * @param isLargest whether to measure the raw queries too
 */
export async function measureGrowth(bench: Bench, count: number, isLargest: boolean): Promise<Growth[]> {
  const agents = await bench.createDatabase("agents");
  const databases: Record<Operation["system"], BenchDatabase> = {
    tracker: await makeTracker(bench),
    exai: await makeExai(bench, "exai", {
      issueCount: count,
      stepsEach: 3,
      edgeCount: Math.round(count / 2),
    }),
    agents,
  };
  await fillAgents(bench, agents, count);
  if (isLargest) await onDatabase(databases.tracker, "supabase_admin", (sql) => sql.unsafe(RAW_VIEWS));
  const results: Growth[] = [];
  for (const operation of OPERATIONS) {
    bench.progress(`${operation.name}, at ${count.toLocaleString("en-US")}`);
    await onDatabase(databases[operation.system], undefined, async (sql) => {
      const times = [await timeOperation(sql, operation.caller, operation.query)];
      const raw = isLargest && operation.raw && await timeOperation(sql, operation.caller, operation.raw);
      results.push({ operation, times, ...(raw ? { raw } : {}) });
    });
  }
  return results;
}

async function onDatabase(
  database: BenchDatabase,
  role: string | undefined,
  step: (sql: postgres.Sql) => Promise<unknown>,
): Promise<void> {
  const sql = database.connect(role ? { role } : {});
  try {
    await step(sql);
  } finally {
    await sql.end();
  }
}

/**
 * The median of up to 25 calls after the first, which reads what is not in memory yet; fewer where they take long,
 * and none where the first is given up. What they write is rolled back.
 */
async function timeOperation(sql: postgres.Sql, caller: Caller, query: string): Promise<Timing> {
  const times: number[] = [];
  let isCutOff = false;
  let total = 0;
  await asCaller(sql, "authenticated", CALLERS[caller], async (tx) => {
    for (let call = 0; call <= MOST_CALLS && total < ENOUGH_MS && !isCutOff; call++) {
      await tx.savepoint(async (inner) => {
        const sample = await timed(inner, query, [], LIMIT_MS);
        isCutOff = sample.isCutOff ?? false;
        if (call > 0) total += sample.ms;
        times.push(sample.ms);
        throw new RollBack();
      }).catch((error: unknown) => {
        if (!(error instanceof RollBack)) throw error;
      });
    }
  });
  return { ms: median(times.length > 1 ? times.slice(1) : times), isCutOff };
}
