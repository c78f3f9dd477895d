import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";

const HELP = `npm run --silent secrets:key [-- <key id>]

Prints a new master key in the format of SECRETS_MASTER_KEYS: <key id>:<base64 of 32 random bytes>.

  <key id>   1 to 32 letters, digits, _ and -; by default today's date. Never use it for another key.

  supabase secrets set SECRETS_MASTER_KEYS="$(npm run --silent secrets:key)"
`;

await command(import.meta.main, HELP, (args) => {
  const { positionals: [id = new Date().toISOString().slice(0, 10)] } = parseArgs({
    args,
    allowPositionals: true,
    options: {},
  });
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
    throw new UserError(
      `${id} is not a valid key id.`,
      "Give 1 to 32 letters, digits, _ and -, or leave it out.",
    );
  }
  console.log(`${id}:${randomBytes(32).toString("base64")}`);
  return Promise.resolve(true);
});
