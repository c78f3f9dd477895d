import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, openTestProject } from "../support/database.ts";

// What a Supabase project has before its first migration, and the stand-ins of what the platform's image adds.
const project = await openTestProject({ template: "platform" });
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
const until = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000, interval: 100 });

describe("roles", () => {
  test.each([
    ["supabase_admin", "super createrole createdb login replication bypassrls"],
    ["postgres", "createrole createdb login replication bypassrls"],
    ["anon", ""],
    ["authenticated", ""],
    ["service_role", "bypassrls"],
    ["authenticator", "login noinherit"],
    ["supabase_auth_admin", "noinherit createrole login"],
    ["supabase_storage_admin", "noinherit createrole login"],
    ["dashboard_user", "createrole createdb replication"],
  ])("%s is %s", async (role, attributes) => {
    const [row] = await sql<{ attributes: string }[]>`
      select concat_ws(' ', case when rolsuper then 'super' end, case when not rolinherit then 'noinherit' end,
        case when rolcreaterole then 'createrole' end, case when rolcreatedb then 'createdb' end,
        case when rolcanlogin then 'login' end, case when rolreplication then 'replication' end,
        case when rolbypassrls then 'bypassrls' end) as attributes
      from pg_roles where rolname = ${role}
    `;
    expect(row?.attributes).toBe(attributes);
  });

  test.each([
    ["authenticator", ["anon", "authenticated", "service_role"]],
    ["postgres", [
      "anon",
      "authenticated",
      "pg_monitor",
      "pg_read_all_data",
      "pg_signal_backend",
      "service_role",
      "supabase_auth_admin",
      "supabase_storage_admin",
    ]],
  ])("%s is a member of its roles", async (role, expected) => {
    const rows = await sql<{ name: string }[]>`
      select distinct roleid::regrole::text as name from pg_auth_members where member = ${role}::regrole order by 1
    `;
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
    expect(rows.map(({ name }) => name)).not.toContain("supabase_admin");
  });

  test("have the platform's time-outs and search paths", async () => {
    const rows = await sql<{ setting: string }[]>`
      select rolname || ': ' || setting as setting from pg_roles cross join unnest(rolconfig) setting order by 1
    `;
    expect(rows.map(({ setting }) => setting)).toEqual(expect.arrayContaining([
      "anon: statement_timeout=3s",
      "authenticated: statement_timeout=8s",
      "authenticator: lock_timeout=8s",
      "authenticator: statement_timeout=8s",
      'postgres: search_path="$user", public, extensions',
      "supabase_auth_admin: search_path=auth",
    ]));
  });
});

describe("postgres", () => {
  test("may not what only a superuser may", async () => {
    expect(await code(sql`alter role anon superuser`)).toBe("42501");
    expect(await code(sql`set role supabase_admin`)).toBe("42501");
    expect(await code(sql`copy (select 1) to program 'true'`)).toBe("42501");
    expect(await code(sql`select pg_read_file('PG_VERSION')`)).toBe("42501");
    expect(await code(sql`alter table auth.users disable trigger all`)).toBe("42501");
  });

  test("makes triggers on auth.users, references it and reads it", async () => {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`
        create function public.noop() returns trigger language plpgsql set search_path = '' as 'begin return new; end';
        create trigger noop after insert on auth.users for each row execute function public.noop();
        create table public.profiles (id uuid primary key references auth.users on delete cascade);
        select count(*) from auth.users;
      `);
      await transaction`rollback`;
    }).catch(() => {});
    expect(await sql`select has_table_privilege('auth.users', 'trigger, references, select') as may`).toEqual(
      [{ may: true }],
    );
  });

  test("makes the extensions that projects use, where they ask for them", async () => {
    for (const name of ["pg_trgm", "unaccent", "btree_gist", "citext", "pgtap"]) {
      expect(await code(sql.unsafe(`create extension ${name} with schema extensions`)), name).toBeUndefined();
    }
    expect(await code(sql`create extension pg_cron with schema pg_catalog`)).toBeUndefined();
    expect(await code(sql`create extension pg_net with schema extensions`)).toBeUndefined();
    expect(await code(sql`create extension supabase_vault with schema vault cascade`)).toBeUndefined();
    const rows = await sql<{ name: string; owner: string }[]>`
      select extname as name, extowner::regrole::text as owner from pg_extension order by 1
    `;
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining([
      "pg_cron",
      "pg_net",
      "pg_stat_statements",
      "pgcrypto",
      "supabase_vault",
      "uuid-ossp",
    ]));
  });
});

describe("schema public", () => {
  test("grants all on what postgres makes there to the API roles", async () => {
    await sql.unsafe(`
      create table public.made (id bigint generated always as identity);
      create function public.made() returns integer language sql as 'select 1';
    `);
    for (const role of ["anon", "authenticated", "service_role"]) {
      const [row] = await sql`
        select has_table_privilege(${role}, 'public.made', 'select, insert, update, delete, truncate') as table,
          has_function_privilege(${role}, 'public.made()', 'execute') as function,
          has_sequence_privilege(${role}, 'public.made_id_seq', 'usage') as sequence,
          has_schema_privilege(${role}, 'public', 'usage') as usage,
          has_schema_privilege(${role}, 'public', 'create') as create
      `;
      expect(row).toEqual({ table: true, function: true, sequence: true, usage: true, create: false });
    }
  });
});

test("schemas and the publication are there", async () => {
  const schemas = await sql<{ name: string; owner: string }[]>`
    select nspname as name, nspowner::regrole::text as owner from pg_namespace
    where nspname in ('auth', 'extensions', 'storage', 'supabase_migrations') order by 1
  `;
  expect(schemas).toEqual([
    { name: "auth", owner: "supabase_auth_admin" },
    { name: "extensions", owner: "supabase_admin" },
    { name: "storage", owner: "supabase_storage_admin" },
    { name: "supabase_migrations", owner: "postgres" },
  ]);
  const publication = sql`select pubowner::regrole::text as owner, puballtables as all from pg_publication
    where pubname = 'supabase_realtime'`;
  expect(await publication).toEqual([{ owner: "postgres", all: false }]);
  expect(await sql`select from pg_publication_tables where pubname = 'supabase_realtime'`).toHaveLength(0);
});

describe("pg_cron", () => {
  const schedule = async (name: string, when: string, command: string): Promise<string> => {
    const [row] = await sql<{ id: string }[]>`select cron.schedule(${name}, ${when}, ${command}) as id`;
    return row?.id ?? "";
  };

  test("keeps a job by its name and changes it in place", async () => {
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
    "@daily",
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

  test("postgres reads cron.job and changes it by function only", async () => {
    expect(await code(sql`insert into cron.job (schedule, command) values ('* * * * *', 'select 1')`)).toBe(
      "42501",
    );
    expect(await code(sql`update cron.job set command = 'select 1'`)).toBe("42501");
    expect(await code(sql`delete from cron.job`)).toBe("42501");
    expect(await code(sql`delete from cron.job_run_details where false`)).toBeUndefined();
  });

  test("nobody else sees or plans jobs", async () => {
    await admin`select cron.schedule('of the admin', '0 0 1 1 *', 'select 1')`;
    expect(await sql`select from cron.job where jobname = 'of the admin'`).toHaveLength(0);
    expect(await code(sql`select cron.unschedule('of the admin')`)).toBe("XX000");
    await admin`select cron.unschedule('of the admin')`;
    await sql.begin(async (transaction) => {
      await transaction`set local role authenticated`;
      expect(await code(transaction.savepoint((save) => save`select cron.schedule('* * * * *', 'select 1')`)))
        .toBe("42501");
    });
  });

  test("runs a job and keeps how it went", async () => {
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
    await sql`select cron.unschedule(jobid) from cron.job`;
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

  test("sends a post with its body and headers, and keeps the answer", async () => {
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

  test("sends a get, after the transaction's commit only", async () => {
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

  test("says that it waited too long, or found nobody", async () => {
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
  test("gives a secret back that is ciphertext at rest", async () => {
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

  test("is closed to anon and authenticated, and its key to postgres", async () => {
    expect(await code(sql`select from vault._key`)).toBe("42501");
    for (const role of ["anon", "authenticated"]) {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(`set local role ${role}`);
        const attempts = ["select from vault.decrypted_secrets", "select vault.create_secret('x')"];
        for (const attempt of attempts) {
          expect(await code(transaction.savepoint((save) => save.unsafe(attempt)))).toBe("42501");
        }
      });
    }
  });
});
