import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  baselineFile,
  baselineProblems,
  baselines,
  isUnreleased,
  staleBaselines,
  writeBaselines,
} from "./baseline.ts";
import { recordChecksums } from "./checksums.ts";

let root: string;
const schema = (path: string, text: string): void => {
  const file = join(root, "supabase/schemas", path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
};
const migrations = (): string[] => readdirSync(join(root, "supabase/migrations")).sort();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fixloop-baseline-"));
  schema("20_tracker/10_issues/10_issues.sql", "-- Issues.\ncreate table public.issues ();\n");
  schema("20_tracker/10_issues/20_comments.sql", "-- Comments.\ncreate table public.comments ();\n");
  schema("20_tracker/20_views/10_open.sql", "-- Open.\ncreate view public.open as select 1;\n");
  schema("90_jobs/10_tracker.sql", "-- Jobs.\nselect 1;\n");
  schema("00_platform/10_privileges.sql", "-- Privileges.\nselect 2;\n");
});
afterEach(() => rmSync(root, { recursive: true }));

test("one migration per folder, in the order of the folders' numbers", () => {
  expect(writeBaselines(root)).toEqual([
    "20261128000000_platform.sql",
    "20261128002000_tracker.sql",
    "20261128013000_jobs.sql",
  ]);
  expect(migrations()).toEqual([...baselines(root).keys()]);
  expect(["00_a", "09_a", "59_a", "60_a", "99_a"].map(baselineFile)).toEqual([
    "20261128000000_a.sql",
    "20261128000900_a.sql",
    "20261128005900_a.sql",
    "20261128010000_a.sql",
    "20261128013900_a.sql",
  ]);
});

test("a migration has the folder's files in the order of their paths, each below its path", () => {
  writeBaselines(root);
  const text = readFileSync(join(root, "supabase/migrations/20261128002000_tracker.sql"), "utf8");
  expect(text.match(/^-- 20_tracker\/.*$/gm)).toEqual([
    "-- 20_tracker/10_issues/10_issues.sql",
    "-- 20_tracker/10_issues/20_comments.sql",
    "-- 20_tracker/20_views/10_open.sql",
  ]);
  expect(text).toContain("set local lock_timeout");
});

test("written twice nothing changes; a changed, added or removed folder is stale until it is written", () => {
  writeBaselines(root);
  expect(writeBaselines(root)).toEqual([]);
  expect(baselineProblems(root)).toEqual([]);
  schema("90_jobs/10_tracker.sql", "-- Jobs.\nselect 3;\n");
  schema("10_team/10_members.sql", "-- Members.\nselect 4;\n");
  rmSync(join(root, "supabase/schemas/00_platform"), { recursive: true });
  const stale = ["20261128000000_platform.sql", "20261128001000_team.sql", "20261128013000_jobs.sql"];
  expect(staleBaselines(root)).toEqual(stale);
  expect(baselineProblems(root).at(-1)).toBe("npm run db:baseline writes them again");
  expect(writeBaselines(root)).toEqual(stale);
  expect(migrations()).toEqual([
    "20261128001000_team.sql",
    "20261128002000_tracker.sql",
    "20261128013000_jobs.sql",
  ]);
});

test("a migration that is in no schema folder is stale, so that it isn't forgotten", () => {
  writeBaselines(root);
  writeFileSync(join(root, "supabase/migrations/20261129000000_extra.sql"), "select 5;\n");
  expect(staleBaselines(root)).toEqual(["20261129000000_extra.sql"]);
});

test("once a migration is recorded as released, nothing is written and nothing is stale", () => {
  writeBaselines(root);
  expect(isUnreleased(root)).toBe(true);
  recordChecksums(join(root, "supabase/migrations"));
  expect(isUnreleased(root)).toBe(false);
  schema("90_jobs/10_tracker.sql", "-- Jobs.\nselect 3;\n");
  expect(() => writeBaselines(root)).toThrow("A release is recorded");
  expect(staleBaselines(root)).toEqual([]);
});

test("a folder whose name has no number, or is not snake_case, is an error", () => {
  for (const name of ["tracker", "2_tracker", "20-tracker", "20_Tracker"]) {
    expect(() => baselineFile(name)).toThrow(`supabase/schemas/${name} is not named`);
  }
});
