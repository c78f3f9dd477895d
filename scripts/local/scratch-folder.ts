import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropCluster } from "./postgres.ts";

/**
 * Creates a folder for a throw-away stack. Other accounts can enter it: as root, PostgreSQL runs as another
 * account, which has to reach its data; the data itself is readable by that account only.
 */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `fixloop-${purpose}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Deletes such a folder and its cluster. The server must be stopped. */
export async function discardFolder(folder: string): Promise<void> {
  await dropCluster(folder);
  rmSync(folder, { recursive: true, force: true });
}
