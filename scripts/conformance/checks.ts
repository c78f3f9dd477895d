import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { prove } from "./debian.ts";
import { DATABASE, type Server } from "./server.ts";
import { withConnection } from "../connection.ts";

/** One thing that was checked, with its problem if it has one. */
export interface Result {
  name: string;
  problem?: string;
}

/** pg_cron starts jobs at each full minute; a job that is changed late in one runs in the one after the next. */
const SCHEDULER_DEADLINE_MS = 130_000;

/** Findings of plpgsql_check that are meant, by function and message. */
const EXCEPTIONS: { object: string; message: string; reason: string }[] = [
  {
    object: "private.store_circle_message(private.circle_snapshot,private.circle_triage)",
    message: 'composite OUT variable "o_message" is not single argument',
    reason: "a row next to what happened to it: the caller takes both from one record",
  },
  {
    object: "private.update_circle_message(private.circle_snapshot,private.circle_triage)",
    message: 'composite OUT variable "o_message" is not single argument',
    reason: "a row next to what happened to it: the caller takes both from one record",
  },
  {
    object: "private.record_inbox_arrival(text,bytea,text)",
    message: 'composite OUT variable "o_event" is not single argument',
    reason: "a row next to what happened to it: the caller takes both from one record",
  },
  {
    object: "private.task_capacity(uuid,bigint)",
    message: "routine is marked as VOLATILE, should be STABLE",
    reason: "it is asked again after a lock, and has to see what was committed meanwhile",
  },
  {
    object: "private.process_inbox_payload(text,private.inbox_payload)",
    message: "control reached end of function without RETURN",
    reason: "its case has no else, and raises for another source",
  },
  ...[
    "private.raise_lost_lease()",
    "private.raise_worker_input_invalid(text)",
    "private.raise_conversation_unknown()",
  ].map((object) => ({
    object,
    message: "routine is marked as VOLATILE, should be IMMUTABLE",
    reason: "it raises, so nothing may call it ahead of time",
  })),
];

/**
 * Every assertion of every pgTAP file, run by pg_prove.
 *
 * @param run which run this is over the same database: tests hold in one that was used before
 */
export async function provePgtap(server: Server, run: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const file of server.testFiles) results.push(...await proveFile(server, file, run));
  return results.length > 0 ? results : [{ name: "pgTAP", problem: "there are no tests" }];
}

async function proveFile(server: Server, file: string, run: number): Promise<Result[]> {
  const connection = ["--host", "127.0.0.1", "--port", String(server.port), "--username", "postgres"];
  const child = server.spawn(prove, ["--verbose", ...connection, "--dbname", DATABASE, file], {
    PGOPTIONS: "--client-min-messages=warning",
  });
  const title = run === 1 ? file : `${file} (run ${run})`;
  const results: Result[] = [];
  const others: string[] = [];
  const read = async (stream: NodeJS.ReadableStream | null): Promise<void> => {
    for await (const line of createInterface({ input: stream as NodeJS.ReadableStream })) {
      const assertion = line.match(/^(not )?ok (\d+)(?: - (.*))?$/);
      const last = results.at(-1);
      if (assertion) {
        results.push({
          name: `${title} ${assertion[2]} ${assertion[3] ?? ""}`,
          ...(assertion[1] ? { problem: "" } : {}),
        });
      } else if (line.startsWith("#") && last?.problem !== undefined) {
        last.problem += `${line}\n`;
      } else {
        others.push(line);
      }
    }
  };
  const [code] = await Promise.all([
    new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }),
    read(child.stdout),
    read(child.stderr),
  ]);
  // a file that stopped or planned another number of assertions has no failed assertion to show for it
  if (code !== 0 && results.every(({ problem }) => problem === undefined)) {
    results.push({ name: `${title} runs to its end`, problem: others.slice(-20).join("\n") });
  }
  return results;
}

interface Finding {
  object: string;
  level: string | null;
  sqlstate: string | null;
  lineno: number | null;
  message: string | null;
  detail: string | null;
  hint: string | null;
  query: string | null;
}

/** Every plpgsql function, and every trigger function on each of its tables, by plpgsql_check at its strictest. */
export async function checkFunctions(server: Server): Promise<Result[]> {
  return await withConnection(server.url("supabase_admin"), async (sql) => {
    const query = readFileSync(new URL("plpgsql-check.sql", import.meta.url), "utf8");
    const rows = await sql.unsafe<Finding[]>(query);
    const objects = new Map<string, string[]>(rows.map(({ object }) => [object, []]));
    const isException = (row: Finding): boolean => EXCEPTIONS.some((exception) => isMeant(row, exception));
    for (const row of rows.filter((row) => row.message !== null && !isException(row))) {
      const { level, lineno, message, detail, hint, query } = row;
      const words = [`${level}, line ${lineno ?? "?"}: ${message}`, detail, hint, query];
      objects.get(row.object)?.push(words.filter((part) => part !== null).join("\n"));
    }
    if (objects.size === 0) return [{ name: "plpgsql_check", problem: "found no function to check" }];
    const unused = EXCEPTIONS.filter((exception) => !rows.some((row) => isMeant(row, exception)));
    return [
      ...[...objects].map(([object, problems]) => ({
        name: `plpgsql_check ${object}`,
        ...(problems.length > 0 ? { problem: problems.join("\n") } : {}),
      })),
      ...unused.map(({ object, message }) => ({
        name: `plpgsql_check exception for ${object}`,
        problem: `It is not found any more: ${message}`,
      })),
    ];
  }, {
    // names come out with their schema
    connection: { search_path: "pg_catalog" },
  });
}

const isMeant = ({ object, message }: Finding, exception: (typeof EXCEPTIONS)[number]): boolean =>
  exception.object === object && exception.message === message;

/**
 * The real scheduler runs the clean-up job: `postgres` moves it to every minute, as an operator could, and an old test
 * issue has to be gone with a successful run to show for it.
 */
export async function runCleanupJob(server: Server): Promise<Result[]> {
  const name = "pg_cron runs tracker-cleanup-test-data";
  return await withConnection(server.url("postgres"), async (sql) => {
    const [issue] = await sql<{ id: string }[]>`
      insert into public.issues (title, description, is_test, created_at)
      values ('Made for the conformance run', 'Old enough to be removed.', true, now() - interval '30 days')
      returning id
    `;
    const [job] = await sql<{ jobid: string }[]>`
      select jobid from cron.job where jobname = 'tracker-cleanup-test-data'
    `;
    if (!issue || !job) return [{ name, problem: "there is no such job" }];
    await sql`select cron.alter_job(job_id => ${job.jobid}, schedule => '* * * * *')`;
    let last = "no run of it was recorded";
    for (const deadline = Date.now() + SCHEDULER_DEADLINE_MS; Date.now() < deadline; await sleep(500)) {
      const [run] = await sql<{ status: string; return_message: string | null; is_gone: boolean }[]>`
        select d.status, d.return_message, not exists (select from public.issues where id = ${issue.id}) as is_gone
        from cron.job_run_details as d
        where d.jobid = ${job.jobid} and d.status in ('succeeded', 'failed')
        order by d.runid desc
        limit 1
      `;
      if (!run) continue;
      last = `it ended as ${run.status}: ${run.return_message}; the old test issue is ${
        run.is_gone ? "gone" : "still there"
      }`;
      if (run.status === "failed") break;
      if (run.is_gone) return [{ name }];
    }
    return [{ name, problem: last }];
  });
}
