import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { findDatabase } from "./database.ts";
import { importFile } from "./import-file.ts";

const HELP = `npm run exai:import -- <file>

Imports a file of \`npm run exai:export\`: issues, steps and updates are inserted, or updated by their ids; relations are
added; nothing is deleted. All or nothing, and a repeated import changes nothing.

  <file>   JSON lines; - for standard input

Writes to the database of the local stack (\`npm start\`), or to any other:
  DATABASE_URL=postgresql://postgres:…@… npm run exai:import -- issues.jsonl
`;

await command(import.meta.main, HELP, async (args) => {
  const { positionals: [file, ...rest] } = parseArgs({ args, allowPositionals: true, options: {} });
  if (file === undefined || rest.length > 0) {
    throw new UserError("One file is needed.", "npm run exai:import -- issues.jsonl");
  }
  const total = await importFile(read(file), await findDatabase());
  console.log(
    `Imported ${total.issues} issues, ${total.issues_written} of them new or changed, and ${total.relations} relations, ` +
      `${total.relations_written} of them new.`,
  );
  return true;
});

function read(file: string): Buffer {
  try {
    return readFileSync(file === "-" ? 0 : file);
  } catch (error) {
    throw new UserError(`${file} can't be read: ${(error as Error).message}`, "Give a file of JSON lines.");
  }
}
