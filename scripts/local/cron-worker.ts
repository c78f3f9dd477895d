import { Cron } from "croner";
import type postgres from "postgres";
import { openDriver } from "./postgres-driver.ts";

interface Job {
  jobid: string;
  schedule: string;
  command: string;
  database: string;
  username: string;
}

/**
 * Seconds before a lost connection is opened again. The driver's own waits grow up to 20 s, for which a server that has
 * restarted would have no jobs, and a stop would wait.
 */
export const RECONNECT = (): number => 0.1;

export interface Worker {
  stop(): Promise<void>;
}

/**
 * Runs the jobs of `cron.schedule`, as the background worker of pg_cron does: in UTC, each job as its own
 * user over its own connection, one run of a job at a time, every run with its row in `cron.job_run_details`.
 *
 * @param urlFor connection string for a database and a role
 */
export function startCronWorker(
  urlFor: (database: string, role: string) => string,
  database: string,
): Worker {
  const sql = openDriver(urlFor(database, "supabase_admin"), {
    max: 2,
    fetch_types: false,
    onnotice: () => {},
    backoff: RECONNECT,
  });
  const busy = new Map<string, Promise<void>>();
  const dueAt = new Map<string, { schedule: string; at: number | undefined }>();
  let stopped = false;
  let isFirst = true;
  let round = tick().catch(report);

  const timer = setInterval(() => round = round.then(tick).catch(report), 500);

  async function tick(): Promise<void> {
    if (stopped) return;
    if (isFirst) await markInterrupted(sql);
    isFirst = false;
    const [exists] = await sql<{ job: string | null }[]>`select to_regclass('cron.job')::text as job`;
    if (!exists?.job) return;
    const jobs = await sql<Job[]>`
      select jobid, schedule, command, database, username from cron.job where active order by jobid
    `;
    const now = Date.now();
    for (const job of jobs) {
      const due = dueAt.get(job.jobid);
      if (due?.schedule !== job.schedule) {
        dueAt.set(job.jobid, { schedule: job.schedule, at: nextRun(job.schedule, now) });
      } else if (due.at !== undefined && due.at <= now && !busy.has(job.jobid)) {
        due.at = nextRun(job.schedule, now);
        busy.set(job.jobid, run(job).catch(report).finally(() => busy.delete(job.jobid)));
      }
    }
    for (const id of dueAt.keys()) if (!jobs.some((job) => job.jobid === id)) dueAt.delete(id);
  }

  async function run(job: Job): Promise<void> {
    const [details] = await sql<{ runid: string }[]>`
      insert into cron.job_run_details (jobid, database, username, command, status, start_time)
      values (${job.jobid}, ${job.database}, ${job.username}, ${job.command}, 'running', clock_timestamp())
      returning runid
    `;
    if (!details) return;
    const session = openDriver(urlFor(job.database, job.username), {
      max: 1,
      fetch_types: false,
      onnotice: () => {},
    });
    let status = "succeeded";
    let message: string;
    try {
      const result = await session.unsafe(job.command).simple();
      message = summarize(result);
    } catch (error) {
      status = "failed";
      message = `ERROR:  ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      await session.end({ timeout: 1 });
    }
    await sql`
      update cron.job_run_details set status = ${status}, return_message = ${message}, end_time = clock_timestamp()
      where runid = ${details.runid}
    `;
  }

  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await round.catch(() => {});
      await Promise.all(busy.values());
      await sql.end({ timeout: 5 });
    },
  };

  function report(error: unknown): void {
    if (!stopped) console.error("cron:", error instanceof Error ? error.message : error);
  }
}

/** Marks the runs that a crash interrupted, as pg_cron does. */
async function markInterrupted(sql: postgres.Sql): Promise<void> {
  const [exists] = await sql<
    { job: string | null }[]
  >`select to_regclass('cron.job_run_details')::text as job`;
  if (!exists?.job) return;
  await sql`
    update cron.job_run_details
    set status = 'failed', return_message = 'server restarted', end_time = clock_timestamp()
    where status in ('starting', 'running')
  `;
}

/**
 * The next run of a pg_cron schedule (five fields in UTC, or `<n> seconds`), in milliseconds since the epoch.
 */
function nextRun(schedule: string, now: number): number | undefined {
  const seconds = schedule.match(/^\s*(\d+)\s+seconds?\s*$/i)?.[1];
  if (seconds) return now + Number(seconds) * 1000;
  const [minute, hour, day, month, weekday] = schedule.trim().split(/\s+/);
  const pattern = `0 ${minute} ${hour} ${day?.replace("$", "L")} ${month} ${weekday}`;
  return new Cron(pattern, { timezone: "Etc/UTC", paused: true }).nextRun(new Date(now))?.getTime();
}

/** pg_cron's `return_message`: the number of rows, or the command's tag. */
function summarize(result: postgres.RowList<postgres.Row[]> | postgres.RowList<postgres.Row[]>[]): string {
  const last = Array.isArray(result) && "command" in result
    ? result
    : (result as postgres.RowList<postgres.Row[]>[]).at(-1);
  if (!last) return "";
  if (last.command === "SELECT") return `${last.count} row${last.count === 1 ? "" : "s"}`;
  if (last.command === "INSERT") return `INSERT 0 ${last.count}`;
  return [last.command, last.count].filter((part) => part !== null && part !== undefined).join(" ");
}
