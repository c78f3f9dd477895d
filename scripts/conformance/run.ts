import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { command, progress, report } from "../command.ts";
import { loadConfig } from "../local/config.ts";
import { pushMigrations } from "../local/migrate.ts";
import { applyPlatform } from "../local/platform.ts";
import { checkFunctions, provePgtap, type Result, runCleanupJob } from "./checks.ts";
import { findPrograms, type Programs } from "./debian.ts";
import { type Server, startServer } from "./server.ts";

const HELP = `
npm run conformance [-- --if-available]

The same baseline, migrations and pgTAP tests on Debian's PostgreSQL 15 with the real pg_cron, pgTAP and plpgsql_check: what
holds on the embedded stack's stand-ins has to hold there. Installs the packages when it runs as root and apt-get is there.

  --if-available   where the packages can't be had, say so and succeed
`;

/** What Supabase's platform gives a project, and then the project's migrations as a user would push them. */
async function deploy(server: Server): Promise<void> {
  progress("preparing the platform's roles and schemas");
  await applyPlatform(server.url("supabase_admin"), loadConfig());
  const sql = postgres(server.url("supabase_admin"), { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(readFileSync(new URL("extensions.sql", import.meta.url), "utf8")).simple();
  } finally {
    await sql.end();
  }
  progress("applying the migrations");
  await pushMigrations(server.url("postgres"));
}

async function check(programs: Programs, server: Server): Promise<boolean> {
  await deploy(server);
  const results: Result[] = [];
  const group = async (name: string, step: string, run: () => Promise<Result[]>): Promise<void> => {
    progress(step);
    const found = await run();
    results.push(...found);
    const failed = found.filter(({ problem }) => problem !== undefined);
    report(`${name}: ${found.length - failed.length} of ${found.length}`, failed.map(describe));
  };
  await group("pgTAP", "running the pgTAP tests", () => provePgtap(programs, server));
  await group("plpgsql_check", "checking the functions", () => checkFunctions(server));
  await group("scheduler", "waiting for pg_cron to run the clean-up job", () => runCleanupJob(server));
  const failed = results.filter(({ problem }) => problem !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

const describe = ({ name, problem = "" }: Result): string =>
  [name, problem.trim()].filter((text) => text !== "").join("\n");

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { "if-available": { type: "boolean" } } });
  const programs = findPrograms(progress);
  if (typeof programs === "string") {
    console.log(`conformance: skipped, ${programs}`);
    return values["if-available"] === true;
  }
  progress("starting Debian's PostgreSQL 15");
  const server = await startServer(programs);
  const interrupted = (): void => void server.close().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await check(programs, server);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await server.close();
  }
});
