import { parseArgs } from "node:util";
import { describeFinding, findings } from "./advisors.ts";
import { BASELINE_CHECK, baselineProblems } from "./baseline.ts";
import { type CheckResult, checkSchema } from "./check.ts";
import { command, progress, report } from "../command.ts";
import { openScratch } from "./scratch.ts";
import { checkMigrations } from "./squawk.ts";
import { checkStyle } from "./style.ts";
import { checkTypes } from "./types.ts";
import { checkWords } from "./words.ts";

const HELP = `
npm run db:verify

Everything that is checked about the schema, over one throw-away cluster: baselines, style, words, squawk, recorded migrations, drift
between migrations and schema files, generated types, advisors.
`;

async function* checks(): AsyncGenerator<CheckResult> {
  yield { name: BASELINE_CHECK, problems: baselineProblems() };
  yield { name: "SQL style", problems: await checkStyle() };
  yield { name: "words", problems: checkWords() };
  yield { name: "squawk finds nothing in the migrations", problems: checkMigrations() };
  const scratch = await openScratch(progress);
  try {
    yield* checkSchema(scratch);
    const database = await scratch.migrated();
    progress("generating types");
    yield { name: "generated types are up to date", problems: await checkTypes(database) };
    progress("asking the advisors");
    yield { name: "the advisors find nothing", problems: (await findings(database)).map(describeFinding) };
  } finally {
    await scratch.close();
  }
}

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  let passed = 0;
  let failed = 0;
  for await (const { name, problems } of checks()) {
    if (report(name, problems)) passed++;
    else failed++;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
});
