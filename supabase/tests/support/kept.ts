import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "../../../scripts/local/paths.ts";
import { discardFolder, KEPT, keptFolders } from "../../../scripts/local/scratch-folder.ts";
import type { TestCluster } from "./cluster.ts";

/** The test of a pgTAP file that fails when an SQL error stops the file. */
export const STOPPED = "runs to its end";

/** Whether a statement undoes all that its file did; `rollback to savepoint` does not. */
export const isRollback = (statement: string): boolean => /^rollback\s*;?$/i.test(statement);

/** Which test file made each database. */
export type Makers = Map<string, string>;

/**
 * Leaves the cluster running with the databases of failed test files, the others dropped, and prints how to reach and to
 * remove them. Returns false, and does nothing, when no failed file made a database.
 *
 * @param stoppedFiles those of the failed files that an SQL error stopped
 */
export async function keepDatabases(
  cluster: TestCluster,
  makers: Makers,
  failedFiles: ReadonlySet<string>,
  stoppedFiles: ReadonlySet<string>,
): Promise<boolean> {
  const current = await cluster.databases();
  const kept = [...makers].filter(([name, file]) => failedFiles.has(file) && current.includes(name));
  if (kept.length === 0) return false;
  for (const name of current) {
    if (!kept.some(([database]) => database === name)) await cluster.drop(name);
  }
  writeFileSync(join(cluster.folder, KEPT), "");
  console.log("\nDatabases of failed tests:");
  for (const [name, file] of kept) {
    console.log(
      `  ${relative(ROOT, file)}\n    postgresql://postgres:postgres@127.0.0.1:${cluster.port}/${name}`,
    );
    if (stoppedFiles.has(file)) console.log("    stopped by an error: its changes were rolled back");
  }
  console.log("Remove them: npm test -- --remove-kept");
  await cluster.leave();
  return true;
}

/** Stops the clusters that were kept and deletes their data. Returns how many. */
export async function removeKept(): Promise<number> {
  const folders = keptFolders();
  for (const folder of folders) await discardFolder(folder);
  return folders.length;
}
