import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropCluster } from "./postgres.ts";

/**
 * A new folder for a throw-away stack. Others may pass through it, so that the account that PostgreSQL runs as when we are
 * root finds its data there; the data itself is readable by that account only.
 */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `fixloop-${purpose}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Deletes such a folder and the cluster in it, wherever that is kept. Its server must be stopped. */
export async function discardFolder(folder: string): Promise<void> {
  await dropCluster(folder);
  rmSync(folder, { recursive: true, force: true });
}
