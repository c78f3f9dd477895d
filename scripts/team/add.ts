import { parseArgs } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { command } from "../command.ts";
import type { Database } from "../../supabase/types/database.ts";
import { UserError } from "../local/user-error.ts";
import { findProject } from "../project.ts";

const HELP = `npm run team:add -- <email> <viewer|agent|admin>

Adds a signed-up account to the team, or changes its role.
Viewers read, agents also write, admins also configure and delete.

Uses the stack that \`npm start\` runs, or to any project:
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
  const { url, key } = await findProject();
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
