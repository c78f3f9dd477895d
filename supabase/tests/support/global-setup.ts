import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { readConfig } from "../../../scripts/local/config.ts";
import { pushMigrations } from "../../../scripts/local/migrate.ts";
import { applyPlatform } from "../../../scripts/local/platform.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { startPostgres } from "../../../scripts/local/postgres.ts";
import { discardFolder, scratchFolder } from "../../../scripts/local/scratch-folder.ts";

declare module "vitest" {
  interface ProvidedContext {
    dbPort: number;
  }
}

/**
 * Starts a throw-away cluster with two databases that tests are cloned from: `platform`, what Supabase gives a new project,
 * and `fixloop`, the same with our migrations.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = scratchFolder("test");
  const server = await startPostgres({ dataDir, port: await freePort(), durable: false });
  const admin = postgres(server.url("postgres", "supabase_admin"), { max: 1, onnotice: () => {} });
  await admin`create database platform`;
  await applyPlatform(server.url("platform", "supabase_admin"), readConfig());
  await admin`create database fixloop template platform`;
  await admin`alter database fixloop owner to postgres`;
  await pushMigrations(server.url("fixloop"));
  await admin.end();
  project.provide("dbPort", server.port);
  return async () => {
    await server.stop();
    await discardFolder(dataDir);
  };
}
