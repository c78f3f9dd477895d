import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, openTestProject } from "../support/database.ts";

// The emulated extensions of the platform: the same SQL interface, and workers that behave as theirs do.
const project = await openTestProject({
  template: "platform",
  scripts: [`
    create extension pg_cron with schema pg_catalog;
    create extension pg_net with schema extensions;
    grant usage on schema cron to authenticated;
    grant select on cron.job to authenticated;
    grant execute on all functions in schema cron to authenticated;
  `],
});
const sql = connect(project.database);
const admin = connect(project.database, "supabase_admin", 1);
afterAll(async () => {
  await sql.end();
  await admin.end();
  await project.close();
});
const code = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};
const until = <T>(read: () => Promise<T>) => expect.poll(read, { interval: 100 });

describe("pg_cron", () => {
  const schedule = async (name: string, when: string, command: string): Promise<string> => {
    const [row] = await sql<{ id: string }[]>`select cron.schedule(${name}, ${when}, ${command}) as id`;
    return row?.id ?? "";
  };

  test("schedules a job under its name, and changes it in place", async () => {
    const id = await schedule("named", "0 3 * * *", "select 1");
    expect(await schedule("named", "5 4 * * 1-5", "select 2")).toBe(id);
    await sql`select cron.alter_job(${id}, schedule => '0 0 $ * *', active => false)`;
    expect(await sql`select schedule, command, database, username, active from cron.job where jobid = ${id}`)
      .toEqual([{
        schedule: "0 0 $ * *",
        command: "select 2",
        database: project.database.name,
        username: "postgres",
        active: false,
      }]);
    expect(await sql`select cron.unschedule('named') as done`).toEqual([{ done: true }]);
    expect(await sql`select from cron.job where jobid = ${id}`).toHaveLength(0);
    expect(await code(sql`select cron.unschedule('named')`)).toBe("XX000");
  });

  test.each([
    "",
    "* * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "0 seconds",
    "60 seconds",
    "5-1 * * * *",
    "*/0 * * * *",
    "a * * * *",
  ])(
    "refuses the schedule %j",
    async (when) => expect(await code(sql`select cron.schedule('bad', ${when}, 'select 1')`)).toBe("22023"),
  );

  test.each([
    "*/5 * * * *",
    "0,30 8-18/2 * jan-mar mon",
    "0 0 1,15 * 0-7",
    "0 0 $ * *",
    "30 seconds",
    "1 second",
  ])(
    "takes the schedule %j",
    async (when) => {
      expect(await code(sql`select cron.schedule('good', ${when}, 'select 1')`)).toBeUndefined();
      await sql`select cron.unschedule('good')`;
    },
  );

  test("lets postgres read cron.job, and change it with the functions only", async () => {
    expect(await code(sql`insert into cron.job (schedule, command) values ('* * * * *', 'select 1')`)).toBe(
      "42501",
    );
    expect(await code(sql`update cron.job set command = 'select 1'`)).toBe("42501");
    expect(await code(sql`delete from cron.job`)).toBe("42501");
    expect(await code(sql`delete from cron.job_run_details where false`)).toBeUndefined();
  });

  test("lets no other role read or schedule jobs", async () => {
    const id = await schedule("mine", "0 0 1 1 *", "select 1");
    await sql.begin(async (transaction) => {
      await transaction`set local role anon`;
      const plan = transaction.savepoint((save) => save`select cron.schedule('* * * * *', 'select 1')`);
      expect(await code(plan)).toBe("42501");
    });
    await sql.begin(async (transaction) => {
      // granted above, and still limited to its own jobs
      await transaction`set local role authenticated`;
      expect(await transaction`select from cron.job`).toHaveLength(0);
      expect(await code(transaction.savepoint((save) => save`select cron.unschedule(${id}::bigint)`))).toBe(
        "XX000",
      );
      await transaction`select cron.schedule('theirs', '0 0 1 1 *', 'select 1')`;
      expect(await transaction`select username from cron.job`).toEqual([{ username: "authenticated" }]);
    });
    await sql`select cron.unschedule(jobid) from cron.job where username = current_user`;
  });

  test("runs a job and stores the result", async () => {
    await sql`create table public.ticks (at timestamptz default now(), who text default current_user)`;
    const good = await schedule("good", "1 seconds", "insert into public.ticks default values");
    const bad = await schedule("bad", "1 seconds", "select 1 / 0");
    const runs = (id: string) =>
      sql`
      select status, return_message, username, end_time >= start_time as ended from cron.job_run_details
      where jobid = ${id} and status in ('succeeded', 'failed') order by runid limit 1
    `;
    await until(() => runs(good)).toEqual([
      { status: "succeeded", return_message: "INSERT 0 1", username: "postgres", ended: true },
    ]);
    await until(() => runs(bad)).toEqual([
      { status: "failed", return_message: "ERROR:  division by zero", username: "postgres", ended: true },
    ]);
    expect((await sql`select who from public.ticks limit 1`)[0]?.who).toBe("postgres");
    await sql`select cron.unschedule(jobid) from cron.job where username = current_user`;
  });
});

describe("pg_net", () => {
  const seen: { method: string; url: string; headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => body += text).on("end", () => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      if (request.url?.startsWith("/slow")) return;
      response.writeHead(201, { "Content-Type": "application/json", "X-Answer": "yes" }).end('{"ok":true}');
    });
  });
  let origin = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const answer = async (id: string) => {
    const rows = () => sql`select * from net._http_response where id = ${id}`;
    await until(async () => (await rows()).length).toBe(1);
    return (await rows())[0];
  };

  test("sends a POST with its body and headers, and stores the response", async () => {
    const [row] = await sql<{ id: string }[]>`
      select net.http_post(${`${origin}/hook?a=1`}, ${sql.json({ b: [1, "ü"] })}, '{"q": "a b&c=ü"}',
        '{"Content-Type": "application/json", "X-Key": "k"}') as id
    `;
    expect(await answer(row?.id ?? "")).toMatchObject({
      status_code: 201,
      content_type: "application/json",
      content: '{"ok":true}',
      timed_out: false,
      error_msg: null,
      headers: expect.objectContaining({ "x-answer": "yes" }),
    });
    expect(seen.at(-1)).toMatchObject({
      method: "POST",
      url: "/hook?a=1&q=a%20b%26c%3D%C3%BC",
      body: '{"b": [1, "ü"]}',
      headers: expect.objectContaining({ "x-key": "k", "content-type": "application/json" }),
    });
    expect(await sql`select from net.http_request_queue`).toHaveLength(0);
  });

  test("sends a GET, and only after the transaction's commit", async () => {
    await sql.begin(async (transaction) => {
      await transaction`select net.http_get(${`${origin}/undone`})`;
      throw new Error("undo");
    }).catch(() => {});
    const [row] = await sql<
      { id: string }[]
    >`select net.http_get(${`${origin}/got`}, headers => '{"X-Key": "k"}') as id`;
    expect((await answer(row?.id ?? ""))?.status_code).toBe(201);
    expect(seen.at(-1)).toMatchObject({ method: "GET", url: "/got" });
    expect(seen.some(({ url }) => url === "/undone")).toBe(false);
  });

  test("reports a timeout, and a host that can't be reached", async () => {
    const [slow] = await sql<
      { id: string }[]
    >`select net.http_get(${`${origin}/slow`}, timeout_milliseconds => 300) as id`;
    const late = await answer(slow?.id ?? "");
    expect(late).toMatchObject({ status_code: null, timed_out: true });
    expect(late?.error_msg).toMatch(/Timeout of 300 ms reached/);
    const [none] = await sql<{ id: string }[]>`select net.http_get('http://127.0.0.1:9/') as id`;
    expect(await answer(none?.id ?? "")).toMatchObject({
      status_code: null,
      error_msg: expect.stringMatching(/./),
    });
  });

  test("posts JSON only", async () => {
    const headers = sql.json({ "Content-Type": "text/plain" });
    expect(await code(sql`select net.http_post(${origin}, headers => ${headers})`)).toBe("P0001");
  });
});

describe("Vault", () => {
  test("decrypts a secret that is stored as ciphertext", async () => {
    const secret = "canary-5d1c";
    const [row] = await sql<{ id: string }[]>`select vault.create_secret(${secret}, 'token', 'a test') as id`;
    const id = row?.id ?? "";
    const read = () =>
      sql`select name, description, decrypted_secret from vault.decrypted_secrets where id = ${id}`;
    expect(await read()).toEqual([{ name: "token", description: "a test", decrypted_secret: secret }]);
    const stored = await admin<{ secret: string }[]>`select secret from vault.secrets where id = ${id}`;
    expect(stored[0]?.secret).not.toContain(secret);
    expect(Buffer.from(stored[0]?.secret ?? "", "base64").includes(secret)).toBe(false);
    await sql`select vault.update_secret(${id}, 'other', 'renamed')`;
    expect(await read()).toEqual([{ name: "renamed", description: "a test", decrypted_secret: "other" }]);
    expect(await code(sql`select vault.create_secret('x', 'renamed')`)).toBe("23505");
  });

  test("is not readable for anon and authenticated, and its key for none of the API's roles", async () => {
    await sql.begin(async (transaction) => {
      await transaction`set local role service_role`;
      expect(await code(transaction.savepoint((save) => save`select from vault._key`))).toBe("42501");
    });
    for (const role of ["anon", "authenticated"]) {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`set local role ${role}`);
        const attempts = [
          "select from vault._key",
          "select from vault.decrypted_secrets",
          "select vault.create_secret('x')",
        ];
        for (const attempt of attempts) {
          expect(await code(transaction.savepoint((save) => save.unsafe(attempt)))).toBe("42501");
        }
      });
    }
  });
});
