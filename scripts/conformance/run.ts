import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { command, progress, report } from "../command.ts";
import { loadConfig } from "../local/config.ts";
import { pushMigrations } from "../local/migrate.ts";
import { applyPlatform } from "../local/platform.ts";
import { UserError } from "../local/user-error.ts";
import { checkFunctions, provePgtap, type Result, runCleanupJob } from "./checks.ts";
import { findDebian } from "./debian.ts";
import { type Server, startServer } from "./server.ts";
import { withConnection } from "../connection.ts";

const GROUPS = ["pgtap", "functions", "scheduler"] as const;
type Group = (typeof GROUPS)[number];

const HELP = `
npm run conformance [-- --if-available] [--only <group>]

The same platform baseline, migrations and pgTAP tests on Debian 13's PostgreSQL 17 with the real pg_cron, pgTAP and
plpgsql_check: what holds on the emulated extensions of the local stack has to hold there. The pgTAP tests run twice in one
database.

Uses the packages where this machine has them. Elsewhere root makes a Debian 13 in /var/cache/fixloop with mmdebstrap, from
the mirrors that apt uses here (40 s, 230 MB), which later runs use again.

  --only <group>   run one group: ${GROUPS.join(", ")}
  --if-available   where neither is possible, print the reason and succeed
`;

/** What Supabase's platform gives a project, and then the project's migrations as a user would push them. */
async function deploy(server: Server): Promise<void> {
  progress("preparing the platform's roles and schemas");
  await applyPlatform(server.url("supabase_admin"), loadConfig());
  await withConnection(server.url("supabase_admin"), async (sql) => {
    await sql.unsafe(readFileSync(new URL("extensions.sql", import.meta.url), "utf8")).simple();
  });
  progress("applying the migrations");
  await pushMigrations(server.url("postgres"));
}

/** What autovacuum may or may not have done by now: tests that count pages read count those of deleted rows too. */
async function vacuum(server: Server): Promise<void> {
  await withConnection(server.url("supabase_admin"), async (sql) => {
    await sql`vacuum`;
  });
}

async function check(server: Server, only: Group | undefined): Promise<boolean> {
  await deploy(server);
  const results: Result[] = [];
  const group = async (name: string, step: string, run: () => Promise<Result[]>): Promise<void> => {
    progress(step);
    const started = performance.now();
    const found = await run();
    results.push(...found);
    const failed = found.filter(({ problem }) => problem !== undefined);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    report(`${name}: ${found.length - failed.length} of ${found.length}, ${seconds} s`, failed.map(describe));
  };
  const runs = (name: Group): boolean => only === undefined || only === name;
  if (runs("pgtap")) {
    await group("pgTAP", "running the pgTAP tests", () => provePgtap(server, 1));
    await vacuum(server);
    await group("pgTAP again", "running them again in the same database", () => provePgtap(server, 2));
  }
  if (runs("functions")) {
    await group("plpgsql_check", "checking the functions", () => checkFunctions(server));
  }
  if (runs("scheduler")) {
    await group("scheduler", "waiting for pg_cron to run the clean-up job", () => runCleanupJob(server));
  }
  const failed = results.filter(({ problem }) => problem !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

const describe = ({ name, problem = "" }: Result): string =>
  [name, problem.trim()].filter((text) => text !== "").join("\n");

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { "if-available": { type: "boolean" }, only: { type: "string" } },
  });
  const only = GROUPS.find((group) => group === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new UserError(`${values.only} is not a group.`, `Use one of: ${GROUPS.join(", ")}.`);
  }
  const debian = await findDebian(progress);
  if (typeof debian === "string") {
    console.log(`conformance: skipped, ${debian}`);
    return values["if-available"] === true;
  }
  progress(`starting PostgreSQL 17 of ${debian.name}`);
  const server = await startServer(debian);
  const interrupted = (): void => void server.close().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await check(server, only);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await server.close();
  }
});
