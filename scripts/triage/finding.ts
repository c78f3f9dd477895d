import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { openScratch } from "../db/scratch.ts";
import { evaluateFinding, findingTable } from "./eval-finding.ts";
import { withConnection } from "../connection.ts";

const HELP = `
node scripts/triage/finding.ts <pairs.jsonl>… [--others <count>] [--seed <number>] [--missed]

Measures how often similar_issues and search_issues find the issue that a text is about, among other issues. On a
throw-away database, or on that of DATABASE_URL, which stays as it is.

  --others <count>   how many other issues; default 2000
  --seed <number>    of the other issues; default 12
  --missed           list the texts whose issue is not among the first five
`;

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      others: { type: "string", default: "2000" },
      seed: { type: "string", default: "12" },
      missed: { type: "boolean", default: false },
    },
  });
  const url = process.env["DATABASE_URL"];
  const scratch = url ? undefined : await openScratch(() => {});
  try {
    await withConnection(url ?? (await scratch!.declared()).url(), async (sql) => {
      const results = await evaluateFinding(sql, positionals, {
        others: Number(values.others),
        seed: Number(values.seed),
      });
      console.log(findingTable(results));
      if (values.missed) {
        for (const { name, missed } of results) {
          console.log(`\n${name}`);
          for (const { id, position, query } of missed) console.log(`  ${id} ${position ?? "-"} ${query}`);
        }
      }
    });
  } finally {
    await scratch?.close();
  }
  return true;
});
