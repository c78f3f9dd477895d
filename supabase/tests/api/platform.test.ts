import { afterAll, describe, expect, test } from "vitest";
import { connect, openTestProject } from "../support/database.ts";

// The state of a Supabase project before its first migration.
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

  test("postgres is a member of the API roles and may grant them, not of those that own auth and storage", async () => {
    const memberships = (member: string) =>
      sql<{ name: string; may_grant: boolean }[]>`
        select roleid::regrole::text as name, bool_or(admin_option) as may_grant
        from pg_auth_members where member = ${member}::regrole group by 1 order by roleid::regrole::text collate "C"
      `;
    const names = ["anon", "authenticated", "authenticator", "pg_create_subscription", "pg_monitor"];
    expect(await memberships("postgres")).toEqual(
      [...names, "pg_read_all_data", "pg_signal_backend", "service_role"].map((name) => ({
        name,
        may_grant: true,
      })),
    );
    expect(await memberships("authenticator")).toEqual(
      ["anon", "authenticated", "service_role"].map((name) => ({ name, may_grant: false })),
    );
  });

  test("have the platform's timeouts, search paths and logging", async () => {
    const rows = await sql<{ setting: string }[]>`
      select rolname || ': ' || setting as setting from pg_roles cross join unnest(rolconfig) setting order by 1
    `;
    expect(rows.map(({ setting }) => setting)).toEqual(expect.arrayContaining([
      "anon: statement_timeout=3s",
      "authenticated: statement_timeout=8s",
      "authenticator: lock_timeout=8s",
      "authenticator: statement_timeout=8s",
      'postgres: search_path="$user", public, extensions',
      "supabase_admin: log_statement=none",
      "supabase_auth_admin: log_statement=none",
      "supabase_auth_admin: search_path=auth",
      "supabase_storage_admin: log_statement=none",
    ]));
  });
});

describe("postgres", () => {
  test("may not do what needs a superuser", async () => {
    expect(await code(sql`alter role anon superuser`)).toBe("42501");
    expect(await code(sql`set role supabase_admin`)).toBe("42501");
    expect(await code(sql`copy (select 1) to program 'true'`)).toBe("42501");
    expect(await code(sql`select pg_read_file('PG_VERSION')`)).toBe("42501");
    expect(await code(sql`alter table auth.users disable trigger all`)).toBe("42501");
  });

  test.each([
    "set role supabase_auth_admin",
    "set role supabase_storage_admin",
    "set role supabase_functions_admin",
    "create index on auth.users (email)",
    "create table auth.made (id bigint)",
    "create function auth.made() returns integer language sql as 'select 1'",
    "create table storage.made (id bigint)",
    "alter table auth.users add made text",
    "drop table auth.refresh_tokens",
  ])("may not: %s", async (statement) => {
    expect(await code(sql.unsafe(statement))).toBe("42501");
  });

  test("may not comment on the trigger that it creates on auth.users", async () => {
    await sql.unsafe(`
      create function public.observe() returns trigger language plpgsql set search_path = '' as 'begin return null; end';
      create trigger observe after update on auth.users
        for each row when (old *<> new) execute function public.observe();
    `);
    expect(await code(sql`comment on trigger observe on auth.users is 'Made here'`)).toBe("42501");
  });

  test("grants the API roles to a role of its own, and select on the tables of auth", async () => {
    expect(
      await code(sql.unsafe(`
        create role reporting;
        grant authenticated to reporting;
        grant select on auth.users to reporting;
        revoke select on auth.users from reporting;
        drop role reporting;
      `)),
    ).toBeUndefined();
  });

  test("creates triggers on auth.users, references it and reads it", async () => {
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

  test("creates the extensions that projects use, in the schema that they name", async () => {
    for (const name of ["pg_trgm", "unaccent", "btree_gist", "citext", "pgtap"]) {
      expect(await code(sql.unsafe(`create extension ${name} with schema extensions`)), name).toBeUndefined();
    }
    expect(await code(sql`create extension pg_cron with schema pg_catalog`)).toBeUndefined();
    expect(await code(sql`create extension pg_net with schema extensions`)).toBeUndefined();
    // installed in every project
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
  test("grants all on objects that postgres creates there to the API roles", async () => {
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

test("schemas and the publication exist", async () => {
  const schemas = await sql<{ name: string; owner: string }[]>`
    select nspname as name, nspowner::regrole::text as owner from pg_namespace
    where nspname in ('auth', 'extensions', 'storage', 'supabase_migrations') order by 1
  `;
  expect(schemas).toEqual([
    { name: "auth", owner: "supabase_admin" },
    { name: "extensions", owner: "supabase_admin" },
    { name: "storage", owner: "supabase_admin" },
    { name: "supabase_migrations", owner: "postgres" },
  ]);
  const publication = sql`select pubowner::regrole::text as owner, puballtables as all from pg_publication
    where pubname = 'supabase_realtime'`;
  expect(await publication).toEqual([{ owner: "postgres", all: false }]);
  expect(await sql`select from pg_publication_tables where pubname = 'supabase_realtime'`).toHaveLength(0);
});

test("the tables of auth have row security without a policy, and auth.users has no defaults but the auth server's", async () => {
  expect(
    await sql`
    select relname from pg_class
    where relnamespace = 'auth'::regnamespace and relkind = 'r'
      and (not relrowsecurity or relowner <> 'supabase_auth_admin'::regrole)
  `,
  ).toEqual([]);
  expect(await sql`select from pg_policies where schemaname = 'auth'`).toHaveLength(0);
  const rows = await sql<{ name: string }[]>`
    select column_name as name from information_schema.columns
    where table_schema = 'auth' and table_name = 'users' and column_default is not null
    order by column_name collate "C"
  `;
  // those of the auth server's own migrations
  expect(rows.map(({ name }) => name)).toEqual([
    "email_change_confirm_status",
    "is_anonymous",
    "is_sso_user",
  ]);
});

test("text sorts and changes case as ICU's en-US has it; numbers come with 15 digits", async () => {
  const [row] = await sql`
    select d.datlocprovider as provider, d.datlocale as locale, upper('ß') as upper,
      array(select t from unnest(array['b', 'B', 'a', 'Z', 'á', '_']) as t order by t) as sorted,
      0.1::float8 + 0.2::float8 as sum, array(select t from unnest(array['é', '日']) as t where t ~ '\\w') as words
    from pg_database as d where d.datname = current_database()
  `;
  expect(row).toEqual({
    provider: "i",
    locale: "en-US",
    upper: "SS",
    sorted: ["_", "a", "á", "b", "B", "Z"],
    sum: 0.3,
    words: ["é", "日"],
  });
});
