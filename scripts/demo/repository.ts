import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILES = {
  "README.md": "# csv-tools\n\nWrites tables as CSV.\n",
  "export.js": `// The rows that match a filter, as CSV.
const matches = (row, filter) => row.some((cell) => String(cell).includes(filter));

export function exportCsv(rows, filter = "") {
  return rows.filter((row) => filter && matches(row, filter)).map((row) => row.join(",")).join("\\n");
}
`,
  "export.test.js": `import assert from "node:assert/strict";
import { test } from "node:test";
import { exportCsv } from "./export.js";

const rows = [["ana", 1], ["lee", 2]];

test("a filter returns the rows that match", () => assert.equal(exportCsv(rows, "lee"), "lee,2"));
test("no filter returns all rows", () => assert.equal(exportCsv(rows), "ana,1\\nlee,2"));
`,
  "package.json": `{ "name": "csv-tools", "type": "module" }\n`,
};

/** Creates a bare repository with the mistake that the community found, and with a test that fails. */
export function createRepository(folder: string): string {
  const work = join(folder, "csv-tools");
  const bare = join(folder, "csv-tools.git");
  mkdirSync(work, { recursive: true });
  const git = (...args: string[]): void => {
    execFileSync("git", ["-c", "user.name=Priya Nair", "-c", "user.email=priya@fixloop.example", ...args], {
      cwd: work,
      stdio: "ignore",
      env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    });
  };
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(work, name), text);
  git("init", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--message", "Export CSV");
  git("clone", "--bare", work, bare);
  return bare;
}
