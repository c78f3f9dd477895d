import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, expect, inject } from "vitest";
import { openProject, type Project, type ProjectOptions } from "../../../scripts/local/stack.ts";
import { type Postgres, serverUrl } from "../../../scripts/local/postgres.ts";
import { type Acls, assertSameAcls, readAcls } from "./acls.ts";

export interface TestDatabase {
  readonly name: string;
  /** Connection string for a role that may log in; default `postgres`, which is not a superuser. */
  url(role?: string): string;
  drop(): Promise<void>;
}

/** The cluster of this run, started by the first test that asks for it. */
export interface RunningCluster {
  readonly port: number;
  /** Grows when the templates are built again; databases made before are gone. */
  readonly generation: number;
  url(database: string, role?: string): string;
}

/** With `KEEP_DB=1`, the databases of failed test files stay when the run is over; global-setup.ts decides which. */
export const isKept = Boolean(process.env["KEEP_DB"]);

let server: Pick<Postgres, "port" | "password"> | undefined;

export async function openCluster(): Promise<RunningCluster> {
  return await askForCluster({});
}

async function askForCluster(made: { file?: string; database?: string }): Promise<RunningCluster> {
  const response = await fetch(`${inject("clusterUrl")}/?${new URLSearchParams(made)}`);
  if (!response.ok) throw new Error(await response.text());
  const cluster = await response.json() as { port: number; password: string; generation: number };
  server = cluster;
  return { ...cluster, url };
}

const url = (database: string, role = "postgres"): string => {
  if (!server) throw new Error("openCluster() or createDatabase() comes first");
  return serverUrl(server, database, role);
};

/** A new database: `platform` is Supabase's baseline, `fixloop` has our migrations. */
export async function createDatabase(template: "platform" | "fixloop" = "fixloop"): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await askForCluster(isKept ? { file: expect.getState().testPath ?? "", database: name } : {});
  await asAdmin(async (sql) => {
    await sql`create database ${sql(name)} template ${sql(template)} owner postgres`;
    await copyPrivileges(sql, template, name);
  });
  const database: TestDatabase = {
    name,
    url: (role) => url(name, role),
    drop: async () => {
      if (!isKept) await asAdmin((sql) => sql`drop database ${sql(name)} with (force)`);
    },
  };
  if (template === "fixloop") {
    // a job names its database, and the clone's still name the template
    await withSql(
      database,
      "supabase_admin",
      (sql) => sql`update cron.job set database = current_database()`,
    );
  }
  return database;
}

/** What a migration takes from everybody on the database itself, which `create database` does not copy from its template. */
async function copyPrivileges(sql: postgres.Sql, from: string, to: string): Promise<void> {
  const [row] = await sql<{ is_open: boolean }[]>`
    select exists (
      select from pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
      where d.datname = ${from} and a.grantee = 0 and a.privilege_type = 'TEMPORARY'
    ) as is_open
  `;
  if (!row?.is_open) await sql`revoke temporary on database ${sql(to)} from public`;
}

/** A connection to a database as a role. Close it with `end()`. */
export const connect = (database: TestDatabase, role?: string, max = 4): postgres.Sql =>
  postgres(database.url(role), { max, onnotice: () => {} });

/** A connection to a database of the test file's own; both end after the file's last test. */
export async function useDatabase(): Promise<postgres.Sql> {
  const database = await createDatabase();
  const sql = connect(database, "postgres", 1);
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });
  return sql;
}

export interface TestProject extends Project {
  readonly database: TestDatabase;
  /** Stops it and drops the database; throws when a privilege is not what it was when the project opened. */
  close(): Promise<void>;
}

export interface TestProjectOptions extends Pick<ProjectOptions, "functions" | "config" | "hosts"> {
  /** What the database is made of; default `fixloop`. */
  template?: "platform" | "fixloop";
  /** Scripts that `postgres` runs before the API reads the catalogue. */
  scripts?: string[];
}

/** A database of its own with API, Auth, functions and workers in front of it. */
export async function openTestProject(options: TestProjectOptions = {}): Promise<TestProject> {
  const { template, scripts = [], ...rest } = options;
  const database = await createDatabase(template);
  await withSql(database, "postgres", async (sql) => {
    for (const script of scripts) await sql.unsafe(script);
  });
  const before = await aclsOf(database);
  const project = await openProject({ url }, { database: database.name, apiPort: 0, ...rest });
  return {
    ...project,
    database,
    async close() {
      await project.close();
      const after = await aclsOf(database);
      await database.drop();
      assertSameAcls(before, after);
    },
  };
}

const aclsOf = (database: TestDatabase): Promise<Acls> => withSql(database, "supabase_admin", readAcls);

async function withSql<T>(
  database: TestDatabase,
  role: string,
  step: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = connect(database, role, 1);
  try {
    return await step(sql);
  } finally {
    await sql.end();
  }
}

/** `create database` waits for a template that another worker is cloning. */
async function asAdmin(statement: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url("postgres", "supabase_admin"), { max: 1, onnotice: () => {} });
  try {
    await sql`select pg_advisory_lock(hashtext('create database'))`;
    await statement(sql);
  } finally {
    await sql.end();
  }
}
