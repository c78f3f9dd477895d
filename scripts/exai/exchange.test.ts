import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { lockFolder } from "../local/lock.ts";
import { bin, ROOT } from "../local/paths.ts";
import { writerLine } from "../local/running-stack.ts";
import { discardFolder, scratchFolder } from "../local/scratch-folder.ts";
import { UserError } from "../local/user-error.ts";
import { findDatabase } from "./database.ts";
import { importFile } from "./import-file.ts";
import { parseLines, portions } from "./lines.ts";

// npm run exai:export and exai:import, run as commands on two databases.

let source: TestDatabase;
let target: TestDatabase;
let sql: Sql;
let folder: string;

beforeAll(async () => {
  folder = scratchFolder("exai");
  source = await createDatabase();
  target = await createDatabase();
  sql = connect(target);
  const from = connect(source);
  await from`
    insert into public.exai_issues (title, description, severity, category, affected_components, file_path, status)
    select ${'Issue \u2028 \u2029 \u0085 \r\n\t \\ " \u{1f600} '} || n, repeat('ä', n), 'high', 'security',
      '{a,"b,c"}', 'src/a.py', (array['open', 'fixed', 'closed'])[1 + n % 3]
    from generate_series(1, 40) as n
  `;
  await from`update public.exai_issues set status = 'verified' where issue_number = 7`;
  await from`
    insert into public.exai_issue_checklist (issue_id, description, status)
    select i.id, 'step ' || n, (array['pending', 'complete'])[n]
    from public.exai_issues as i cross join generate_series(1, 2) as n
  `;
  await from`
    insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
    select a.id, b.id, 'blocks'
    from public.exai_issues as a join public.exai_issues as b on b.issue_number = a.issue_number + 1
  `;
  await from.end();
});

afterAll(async () => {
  await sql?.end();
  await source?.drop();
  await target?.drop();
  await discardFolder(folder);
});

beforeEach(async () => {
  await sql`delete from public.exai_issues`;
});

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function run(
  command: "export" | "import",
  database: TestDatabase | null,
  args: string[],
  input = "",
): Promise<Outcome> {
  const child = spawn(bin("node"), [join(ROOT, `scripts/exai/${command}.ts`), ...args], {
    env: { PATH: process.env.PATH, DATA_DIR: folder, ...(database ? { DATABASE_URL: database.url() } : {}) },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  child.stdin.on("error", () => {}).end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

const path = (name: string): string => join(folder, name);
const count = async (): Promise<number> =>
  (await sql<{ n: number }[]>`select count(*)::integer as n from public.exai_issues`)[0]?.n ?? -1;

describe("export and import", () => {
  test("an imported database exports the same bytes; a repeated import changes nothing", async () => {
    const exported = await run("export", source, ["--out", path("one.jsonl")]);
    expect(exported, exported.stderr).toMatchObject({ code: 0, stdout: "" });
    expect(exported.stderr).toContain("exported 40 issues and 39 relations");
    const bytes = readFileSync(path("one.jsonl"));
    expect(bytes.toString("utf8").split("\n")).toHaveLength(80);

    const imported = await run("import", target, [path("one.jsonl")]);
    expect(imported, imported.stderr).toMatchObject({ code: 0 });
    expect(imported.stdout).toBe(
      "Imported 40 issues, 40 of them new or changed, and 39 relations, 39 of them new.\n",
    );
    const back = await run("export", target, []);
    expect(Buffer.from(back.stdout)).toEqual(bytes);
    expect(back.stderr).toContain("exported 40 issues");

    // CRLF, relations first, from standard input
    const reversed = bytes.toString("utf8").trimEnd().split("\n").reverse().join("\r\n");
    const again = await run("import", target, ["-"], reversed);
    expect(again.stdout, again.stderr).toBe(
      "Imported 40 issues, 0 of them new or changed, and 39 relations, 0 of them new.\n",
    );
    expect((await run("export", target, [])).stdout).toBe(back.stdout);
  });

  test("an empty database exports an empty file, which can be imported", async () => {
    const empty = await run("export", target, []);
    expect(empty).toMatchObject({ code: 0, stdout: "" });
    expect(await run("import", target, ["-"])).toMatchObject({ code: 0 });
  });
});

describe("rejected files", () => {
  let lines: string[];

  beforeAll(async () => {
    lines = (await run("export", source, [])).stdout.trimEnd().split("\n");
  });

  const change = (at: number, from: string, to: string): string => {
    const line = lines[at] ?? "";
    expect(line).toContain(from);
    return lines.with(at, line.replace(from, to)).join("\n");
  };

  /** The message that the terminal shows. */
  async function rejection(text: string): Promise<string> {
    const error: unknown = await importFile(Buffer.from(text), target.url(), () => {}).catch((
      reason: unknown,
    ) => reason);
    if (!(error instanceof UserError)) throw new Error(`not rejected: ${String(error)}`);
    expect(error.hint).toContain("Nothing was imported.");
    return error.message;
  }

  test.each<[string, () => string, RegExp]>([
    ["a line that is not JSON", () => change(20, "{", ""), /Line 21 is not JSON/],
    ["a line that is not an object", () => lines.with(3, "[]").join("\n"), /Line 4 is neither/],
    [
      "a line that is neither an issue nor a relation",
      () => lines.with(3, '{"issues":[]}').join("\n"),
      /Line 4 is neither/,
    ],
    ["a repeated issue", () => [...lines, lines[4]].join("\n"), /Line 80: issue .* is already in line 5/],
    [
      "an unknown value",
      () => change(30, '"high"', '"urgent"'),
      /Line 31: exai_import_invalid|Line 31: exai_severity/,
    ],
    ["a value of another type", () => change(30, '"steps": [', '"steps": ["x", '), /Line 31: /],
    ["a NUL", () => change(12, "Issue", "\\u0000"), /Line 13: /],
    [
      "a relation to an unknown issue",
      () => change(78, '"to_issue_id": "', '"to_issue_id": "0000'),
      /Line 79: exai_import_invalid/,
    ],
    [
      "a cycle",
      () => {
        const ends = JSON.parse(lines[40] ?? "") as { relation: Record<string, string> };
        const { from_issue_id, to_issue_id } = ends.relation;
        const back = { ...ends.relation, from_issue_id: to_issue_id, to_issue_id: from_issue_id };
        return [...lines, JSON.stringify({ relation: back })].join("\n");
      },
      /Line 80: exai_relation_cycle_conflict/,
    ],
  ])("%s: the error has the number of the line, and nothing is imported", async (_, make, message) => {
    expect(await rejection(make())).toMatch(message);
    expect(await count()).toBe(0);
  });

  test("a number that belongs to another issue", async () => {
    await sql`insert into public.exai_issues (title, issue_number) values ('ours', 33)`;
    expect(await rejection(lines.join("\n"))).toMatch(/Line 33: exai_import_conflict/);
    expect(await count()).toBe(1);
  });

  test("a file that can't be read or written, and a missing database", async () => {
    const unreadable = await run("import", target, [path("none.jsonl")]);
    expect(unreadable).toMatchObject({ code: 1, stdout: "" });
    expect(unreadable.stderr).toContain("can't be read");
    expect((await run("export", null, [])).stderr).toContain("No local stack is running");
    const unwritable = await run("export", source, ["--out", join(folder, "no", "such.jsonl")]);
    expect(unwritable.stderr).toContain("can't be written");
  });
});

test("a failed export leaves the file as it was", async () => {
  writeFileSync(path("kept.jsonl"), "as it was");
  const gone: TestDatabase = { ...source, url: () => "postgresql://postgres:postgres@127.0.0.1:1/none" };
  const failed = await run("export", gone, ["--out", path("kept.jsonl")]);
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.stderr).toContain("does not answer");
  expect(readFileSync(path("kept.jsonl"), "utf8")).toBe("as it was");
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a line that is not UTF-8 is reported by its number", () => {
  expect(() => parseLines(Buffer.from([0x0a, 0xff, 0x0a]))).toThrow("Line 2 is not UTF-8.");
});

test("portions stay within the length, issues first", () => {
  const line = (number: number, kind: "issue" | "relation", length: number) => ({
    number,
    kind,
    text: "x".repeat(length),
  });
  const lines = [
    line(1, "relation", 5),
    line(2, "issue", 5),
    line(3, "issue", 5),
    line(4, "issue", 50),
    line(5, "issue", 1),
  ];
  expect(portions(lines, 11).map((portion) => portion.map(({ number }) => number))).toEqual([[2, 3], [4], [
    5,
    1,
  ]]);
  expect(portions([], 10)).toEqual([]);
});

test("the database is DATABASE_URL, else the local stack's; SUPABASE_URL alone is an error", async () => {
  expect(existsSync(path("env"))).toBe(false);
  await expect(findDatabase({ DATA_DIR: folder })).rejects.toThrow("No local stack is running");
  await expect(findDatabase({ DATA_DIR: folder, SUPABASE_URL: "https://x.supabase.co" })).rejects.toThrow(
    "connects to the database",
  );
  writeFileSync(path("env"), `${writerLine()}DATABASE_URL=postgresql://here\n`);
  const unlock = await lockFolder(folder);
  expect(await findDatabase({ DATA_DIR: folder })).toBe("postgresql://here");
  unlock();
  expect(await findDatabase({ DATA_DIR: folder, DATABASE_URL: "postgresql://named" })).toBe(
    "postgresql://named",
  );
});
