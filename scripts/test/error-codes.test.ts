import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../local/paths.ts";

// docs/error-codes.md and the code name the same codes, with the same HTTP status.

const page = readFileSync(join(ROOT, "docs/error-codes.md"), "utf8");

function read(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).filter((name) => !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(ROOT, name), "utf8"));
}

const sorted = (pairs: Iterable<string>): string[] => [...new Set(pairs)].sort();

/** Rows of the tables below a heading, as `code status`. */
function documented(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return sorted(
    [...section.matchAll(/^\| `(\w+)` +\| (\d{3}) +\|/gm)].map(([, code, status]) => `${code} ${status}`),
  );
}

test("every code that SQL raises stands on the page, with its status, and no other does", () => {
  const raised = read("supabase/schemas/**/*.sql").flatMap((sql) =>
    [...sql.matchAll(/errcode = 'PT(\d{3})',\s+message = '(\w+)'/g)].map(([, status, code]) =>
      `${code} ${status}`
    )
  );
  const raises = read("supabase/schemas/**/*.sql").join("\n").match(/raise exception/g) ?? [];
  expect(raised.length, "every raise has the form errcode, message").toBe(raises.length);
  expect(documented("From the database")).toEqual(sorted(raised));
});

test("every code that an edge function answers stands on the page, with its status, and no other does", () => {
  const answered = read("supabase/functions/**/*.ts").flatMap((source) =>
    [...source.matchAll(/status: (\d{3}),\s+code: "(\w+)"/g)].map(([, status, code]) => `${code} ${status}`)
  );
  expect(answered.length).toBeGreaterThan(0);
  expect(documented("From the edge functions")).toEqual(sorted(answered));
});
