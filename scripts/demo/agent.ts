import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

// A fake coding agent for the command line: it reads the prompt, fixes the one mistake that it knows, runs
// the repository's own test, and reports what it did. Any agent that takes a prompt and edits files is run in
// the same way.

const prompt = readFileSync(0, "utf8");
const source = readFileSync("export.js", "utf8");
const fixed = source.replace(
  "rows.filter((row) => filter && matches(row, filter))",
  "rows.filter((row) => !filter || matches(row, filter))",
);
if (!/csv/i.test(prompt) || fixed === source) {
  console.error("I don't know what to do about this.");
  // EX_DATAERR: another attempt would have the same result
  process.exit(65);
}
writeFileSync("export.js", fixed);
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=dot"], { stdio: "ignore" });
if (status !== 0) {
  console.error("The test fails with my change.");
  process.exit(1);
}
writeFileSync(
  process.env.FIXLOOP_METADATA_FILE ?? "metadata.json",
  JSON.stringify({ model: "scripted-1", tests_passed: true }),
);
console.log("An empty filter left out every row. It now leaves out none; export.test.js passes.");
