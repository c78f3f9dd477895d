import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { findDatabase } from "./database.ts";
import { importFile } from "./import-file.ts";

const HELP = `npm run exai:import -- <file>

Takes in what \`npm run exai:export\` wrote: issues, steps and updates by their ids, made or made the same again; relations
added; nothing deleted. All of it or nothing, and a second time changes nothing.

  <file>   JSON lines; - for standard input

Writes to the database of the stack that \`npm start\` runs, or to any:
  DATABASE_URL=postgresql://postgres:…@… npm run exai:import -- issues.jsonl
`;

await command(import.meta.main, HELP, async (args) => {
  const { positionals: [file, ...rest] } = parseArgs({ args, allowPositionals: true, options: {} });
  if (file === undefined || rest.length > 0) {
    throw new UserError("One file is needed.", "npm run exai:import -- issues.jsonl");
  }
  const total = await importFile(read(file), findDatabase());
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
