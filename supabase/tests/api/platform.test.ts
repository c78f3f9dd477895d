import { afterAll, describe, expect, test } from "vitest";
import { connect, openTestProject } from "../support/database.ts";

// What a Supabase project has before its first migration.
const project = await openTestProject({ template: "platform" });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
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

describe("roles", () => {
  test.each([
    ["supabase_admin", "super createrole createdb login replication bypassrls"],
    ["postgres", "createrole createdb login replication bypassrls"],
    ["anon", ""],
    ["authenticated", ""],
    ["service_role", "bypassrls"],
    ["authenticator", "noinherit login"],
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
    // part of every project already
    expect(await code(sql`create extension if not exists supabase_vault with schema vault cascade`))
      .toBeUndefined();
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
