import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";

let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

test("the scheduled cleanup job deletes old test issues and no others", async () => {
  await sql`
    insert into public.issues (title, segment, is_test, created_at) values
      ('old test', 'misc', true, now() - interval '8 days'),
      ('new test', 'misc', true, now() - interval '6 days'),
      ('old and real', 'misc', false, now() - interval '8 days')
  `;
  const [job] = await sql<{ jobid: string; schedule: string }[]>`
    select jobid, schedule from cron.job where jobname = 'tracker-cleanup-test-data'
  `;
  expect(job?.schedule).toBe("17 3 * * *");
  await sql`select cron.alter_job(${job?.jobid ?? 0}, schedule => '1 seconds')`;
  const titles = async () =>
    (await sql<{ title: string }[]>`select title from public.issues order by title`).map((row) => row.title);
  await expect.poll(titles).toEqual(["new test", "old and real"]);
  const status = async () =>
    (await sql`select status, return_message from cron.job_run_details where jobid = ${
      job?.jobid ?? 0
    } order by runid limit 1`)[0];
  await expect.poll(status).toEqual({ status: "succeeded", return_message: "1 row" });
});
