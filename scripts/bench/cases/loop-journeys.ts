import type { Case } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { makeJourneys } from "../data/loop.ts";
import { asCaller, explain, PAGE_LIMIT_S, pageAsJson, timedPage } from "../queries.ts";

const OURS = "loop_journeys";
const WITHOUT_RLS = "loop_journeys with RLS off";

const REST = "order by v.issue_created_at desc limit 50";

export const loopJourneysCase: Case = {
  name: "loop-journeys",
  title: "A page of loop_journeys at a million issues",
  async prepare(bench) {
    const bulk = await makeJourneys(bench);
    const sql = bulk.database.connect();
    const query = pageAsJson("public.loop_journeys", REST);
    const [row] = await sql<{ count: number }[]>`
      select reltuples::bigint::integer as count from pg_class where oid = 'public.loop_events'::regclass
    `;
    return {
      comparisons: [{
        name: "loop-journeys",
        title: "the journeys of the 50 newest issues",
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: OURS, run: () => timedPage(sql, "authenticated", VIEWER_ID, query) },
          { name: WITHOUT_RLS, run: () => timedPage(sql, "service_role", VIEWER_ID, query) },
        ],
        floors: [{ against: WITHOUT_RLS, ratio: 1 / 1.5 }],
        explain: () => asCaller(sql, "authenticated", VIEWER_ID, (tx) => explain(tx, query)),
      }],
      method:
        `${bulk.issueCount} issues with ${
          row?.count ?? 0
        } events in the ledger, one issue in twenty in its second ` +
        "generation, and a message of one in five, analyzed, in memory as far as it fits. The page is one JSON value with all " +
        "columns: the first time of eleven hops, and the time between them, of all time and of working time. It is queried by " +
        "a team viewer whose claims are set in the transaction, and as `service_role`, which bypasses row security; only the " +
        `query is timed, prepared. The statement timeout is ${PAGE_LIMIT_S} s.`,
      close: () => sql.end(),
    };
  },
};
