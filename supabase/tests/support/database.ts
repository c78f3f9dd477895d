import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { inject } from "vitest";
import { openProject, type Project, type ProjectOptions } from "../../../scripts/local/stack.ts";
import type { Postgres } from "../../../scripts/local/postgres.ts";

export interface TestDatabase {
  readonly name: string;
  /** Connection string for a role that may log in; default `postgres`, which is no superuser. */
  url(role?: string): string;
  drop(): Promise<void>;
}

const url = (database: string, role = "postgres"): string =>
  `postgresql://${role}:postgres@127.0.0.1:${inject("dbPort")}/${database}`;

/** A new database: `platform` is Supabase's baseline, `fixloop` has our migrations. */
export async function createDatabase(template: "platform" | "fixloop" = "fixloop"): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin((sql) => sql`create database ${sql(name)} template ${sql(template)} owner postgres`);
  return {
    name,
    url: (role) => url(name, role),
    drop: () => asAdmin((sql) => sql`drop database ${sql(name)} with (force)`),
  };
}

/** A connection to a database as a role. Close it with `end()`. */
export const connect = (database: TestDatabase, role?: string, max = 4): postgres.Sql =>
  postgres(database.url(role), { max, onnotice: () => {} });

export interface TestProject extends Project {
  readonly database: TestDatabase;
}

/** A database of its own with API, Auth, functions and workers in front of it. */
export async function openTestProject(
  options: Pick<ProjectOptions, "functions" | "config"> = {},
): Promise<TestProject> {
  const database = await createDatabase();
  const server: Pick<Postgres, "url"> = { url };
  const project = await openProject(server, { database: database.name, apiPort: 0, ...options });
  return {
    ...project,
    database,
    async close() {
      await project.close();
      await database.drop();
    },
  };
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
