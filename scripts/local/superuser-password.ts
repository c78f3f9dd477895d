import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./server-home.ts";

// `postgres`, which is not a superuser, has the password that `supabase start` gives it. Every other role that
// may log in has one that only this data folder knows: a superuser can read files and run programs.

/** The password of `postgres`. The server listens on the loopback address only, as with `supabase start`. */
export const KNOWN_PASSWORD = "postgres";

const fileOf = (home: string): string => join(home, "postgres-password");

export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** Readable only by the account that started the stack. */
export function storePassword(home: string, password: string): void {
  const draft = `${fileOf(home)}.new`;
  writeFileSync(draft, password, { mode: 0o600 });
  renameSync(draft, fileOf(home));
}

/**
 * The password that the data folder stores. Where it stores none, as when an earlier version made it, the
 * roles get a new one, by the server in single-user mode.
 */
export function loadPassword(home: string, setPassword: (statement: string) => void): string {
  if (existsSync(fileOf(home))) return readFileSync(fileOf(home), "utf8").trim();
  const password = newPassword();
  setPassword(RESET.replace("$password", password));
  storePassword(home, password);
  return password;
}

/** On one line: in single-user mode a statement ends with its line. */
const RESET = `do $$ declare v_role name; begin
  for v_role in select rolname from pg_roles where rolcanlogin and rolname <> 'postgres' loop
    execute format('alter role %I password %L', v_role, '$password');
  end loop;
end $$`.replaceAll(/\s*\n\s*/g, " ");

/** Runs a statement as the superuser on a cluster whose server is stopped. */
export function runSingleUser(
  server: string,
  cluster: string,
  statement: string,
  options: Partial<Account> & { cwd: string; env: NodeJS.ProcessEnv },
): void {
  // slots of logical replication need the level that the server has
  const args = ["--single", "-D", cluster, "-c", "wal_level=logical", "postgres"];
  const done = spawnSync(join(server, "bin/postgres"), args, {
    ...options,
    encoding: "utf8",
    input: `${statement}\n`,
  });
  if (done.status !== 0 || /\bERROR:/.test(done.stderr)) {
    throw new Error(`the superuser's password was not set: ${done.stderr || done.error?.message}`);
  }
}
