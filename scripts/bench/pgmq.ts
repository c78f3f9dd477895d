import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type postgres from "postgres";
import { UserError } from "../local/user-error.ts";

const require = createRequire(import.meta.url);

/** Puts pgmq's own SQL, as npm carries it, among the extensions of a server on this machine, and makes it in a database. */
export async function createPgmq(admin: postgres.Sql): Promise<void> {
  const [row] = await admin<{ folder: string }[]>`
    select setting as folder from pg_config where name = 'SHAREDIR'
  `;
  const archive = join(dirname(require.resolve("@electric-sql/pglite-pgmq")), "pgmq.tar.gz");
  // a new file is readable by the account that the server runs as, whatever the umask
  const tar = spawnSync(
    "tar",
    ["-xzf", archive, "-C", row?.folder ?? "", "--strip-components=2", "--no-same-owner", "--mode=a+rX"],
    { encoding: "utf8" },
  );
  if (tar.status !== 0) throw new UserError(`Could not unpack pgmq: ${tar.stderr}`, "Is `tar` installed?");
  await admin`create extension pgmq`;
}
