import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { command } from "../command.ts";
import type { Database } from "../../supabase/types/database.ts";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";

const HELP = `npm run team:add -- <email> <viewer|agent|admin>

Takes somebody who has signed up into the team, or changes their role.
Viewers read, agents write too, admins configure and delete too.

Talks to the stack that \`npm start\` runs, or to any project:
  SUPABASE_URL=https://<ref>.supabase.co SUPABASE_SECRET_KEY=sb_secret_… npm run team:add -- ana@example.org admin
`;

await command(import.meta.main, HELP, async (args) => {
  const { positionals: [email, role, ...rest] } = parseArgs({ args, allowPositionals: true, options: {} });
  if (!email || !role || rest.length > 0) {
    throw new UserError(
      "An e-mail address and a role are needed.",
      "npm run team:add -- ana@example.org agent",
    );
  }
  const { url, key } = findProject();
  const client = createClient<Database>(url, key, { auth: { persistSession: false } });
  const { data, error } = await client.rpc("add_team_member", { email, role });
  if (error) {
    throw new UserError(
      `${error.message}: ${error.details ?? `${url} did not answer`}`,
      error.hint ?? "Is the project running?",
    );
  }
  console.log(`${email} is now ${data.role} of the team at ${url}.`);
  return true;
});

/** The project that the environment names, or the stack that runs here. Never the key of one for the url of the other. */
function findProject(): { url: string; key: string } {
  const { SUPABASE_URL: url, SUPABASE_SECRET_KEY: key } = process.env;
  if (url && key) return { url, key };
  if (url || key) {
    throw new UserError(
      "Half a project is named.",
      "Set both SUPABASE_URL and SUPABASE_SECRET_KEY, or neither.",
    );
  }
  const file = join(resolve(process.env.DATA_DIR ?? join(ROOT, ".local")), "env");
  const here = existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
  if (here.SUPABASE_URL && here.SUPABASE_SECRET_KEY) {
    return { url: here.SUPABASE_URL, key: here.SUPABASE_SECRET_KEY };
  }
  throw new UserError(
    "No project is running here, and none is named.",
    "Run `npm start` in another terminal, or set SUPABASE_URL and SUPABASE_SECRET_KEY.",
  );
}
