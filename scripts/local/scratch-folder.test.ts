import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { discardLeftovers, KEPT, scratchFolder } from "./scratch-folder.ts";

const parent = mkdtempSync(join(tmpdir(), "fixloop-leftovers-"));
afterAll(() => rmSync(parent, { recursive: true }));

test("folders of processes that have ended are discarded, except those that are kept", async () => {
  const { pid } = spawnSync("true");
  const ended = mkdtempSync(join(parent, `fixloop-test-${pid}-`));
  const kept = mkdtempSync(join(parent, `fixloop-test-${pid}-`));
  writeFileSync(join(kept, KEPT), "");
  const other = mkdtempSync(join(parent, "other-"));
  const ours = scratchFolder("test", parent);
  await discardLeftovers(parent);
  expect([ended, kept, other, ours].map((folder) => existsSync(folder))).toEqual([false, true, true, true]);
});
