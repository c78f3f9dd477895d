import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import type { TestCluster } from "./cluster.ts";
import { isRollback, keepDatabases } from "./kept.ts";

const folder = mkdtempSync(join(tmpdir(), "fixloop-kept-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PASSED = join(ROOT, "passed.test.sql");
const FAILED = join(ROOT, "failed.test.sql");
const STOPPED = join(ROOT, "stopped.test.sql");
const makers = new Map([["test_1", PASSED], ["test_2", FAILED], ["test_3", STOPPED]]);

/** A cluster that has the databases of `makers`, and those that were dropped from it. */
function openCluster(): { cluster: TestCluster; dropped: string[] } {
  const dropped: string[] = [];
  const cluster: TestCluster = {
    port: 5432,
    password: "secret",
    generation: 1,
    folder,
    databases: () => Promise.resolve([...makers.keys()]),
    drop: (name) => Promise.resolve(void dropped.push(name)),
    refresh: () => Promise.resolve(),
    leave: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { cluster, dropped };
}

test("failed files keep their databases, and one that an error stopped is marked", async () => {
  const { cluster, dropped } = openCluster();
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const isKept = await keepDatabases(cluster, makers, new Set([FAILED, STOPPED]), new Set([STOPPED]));
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  expect(isKept).toBe(true);
  expect(dropped).toEqual(["test_1"]);
  expect(existsSync(join(folder, "kept"))).toBe(true);
  const note = lines.findIndex((line) => line.includes("stopped by an error: its changes were rolled back"));
  expect(lines[note - 1]).toContain("5432/test_3");
  expect(lines.join("\n")).toContain("5432/test_2");
  expect(lines.filter((line) => line.includes("stopped"))).toHaveLength(2);
});

test("no database is kept when no failed file made one", async () => {
  const { cluster, dropped } = openCluster();
  expect(await keepDatabases(cluster, makers, new Set(), new Set())).toBe(false);
  expect(dropped).toEqual([]);
});

test.each([["rollback;", true], ["ROLLBACK ;", true], ["rollback to savepoint before;", false], [
  "commit;",
  false,
]])(
  "%s undoes all: %s",
  (statement, expected) => expect(isRollback(statement)).toBe(expected),
);
