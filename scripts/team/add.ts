import { parseArgs } from "node:util";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { command } from "../command.ts";
import type { Database } from "../../supabase/types/database.ts";
import { UserError } from "../local/user-error.ts";
import { findProject } from "../project.ts";

const HELP = `npm run team:add -- <email or id> <viewer|agent|admin> [--create [--password <password>]]

Adds a signed-up account to the team, or changes its role, and shows when the account was made and how its
address was confirmed. Viewers read, agents also write, admins also configure and delete.

  --create               make the account, with a confirmed address, and print a link that signs in once: for
                         yourself, or for somebody whose address you have checked
  --password <password>  give the new account a password as well

Uses the stack that \`npm start\` runs, or any project:
  SUPABASE_URL=https://<ref>.supabase.co SUPABASE_SECRET_KEY=sb_secret_… npm run team:add -- ana@example.org admin
`;

type Client = SupabaseClient<Database>;

const HOW: Record<string, string> = { mail: "with a mail", nobody: "without a mail" };

await command(import.meta.main, HELP, async (args) => {
  const { positionals: [account, role, ...rest], values } = parseArgs({
    args,
    allowPositionals: true,
    options: { create: { type: "boolean" }, password: { type: "string" } },
  });
  if (!account || !role || rest.length > 0 || (values.password !== undefined && !values.create)) {
    throw new UserError(
      "An e-mail address or an account's id and a role are needed; --password goes with --create.",
      "npm run team:add -- ana@example.org agent",
    );
  }
  // before an account is made that would then be in no team
  if (!["viewer", "agent", "admin"].includes(role)) {
    throw new UserError(
      `team_role_invalid: ${role} is not a role of the team.`,
      "Use viewer, agent or admin.",
    );
  }
  const { url, key } = await findProject();
  const client = createClient<Database>(url, key, { auth: { persistSession: false } });
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(account);
  if (values.create) {
    if (isId) throw new UserError("--create makes an account for an address.", "Give the address.");
    await createAccount(client, account, values.password);
  }
  await warnWhenUnconfirmed(url, key);
  await showAccounts(client, account, isId);
  const member = await client.rpc(
    "add_team_member",
    isId ? { user_id: account, role } : { email: account, role },
  );
  if (member.error) {
    const { message, details, hint } = member.error;
    throw new UserError(
      `${message}: ${details ?? `${url} did not answer`}`,
      hint ?? "Is the project running?",
    );
  }
  console.log(`${account} is now ${member.data.role} of the team at ${url}.`);
  if (values.create) console.log(`Sign in, once: ${await signInLink(client, account)}`);
  return true;
});

async function createAccount(client: Client, email: string, password: string | undefined): Promise<void> {
  const { error } = await client.auth.admin.createUser({
    email,
    email_confirm: true,
    ...(password === undefined ? {} : { password }),
  });
  if (!error) return;
  if (error.code === "email_exists") {
    await showAccounts(client, email, false);
    throw new UserError(
      `There is an account with the address ${email}.`,
      "If it is the person's, leave --create out.",
    );
  }
  throw new UserError(`The account could not be made: ${error.message}`, "Is the secret key right?");
}

async function signInLink(client: Client, email: string): Promise<string> {
  const { data, error } = await client.auth.admin.generateLink({ type: "magiclink", email });
  if (error) throw new UserError(`There is no link: ${error.message}`, "Sign in with a code by mail.");
  return data.properties.action_link;
}

/** Anybody can sign up with anybody's address where the project confirms by itself. */
async function warnWhenUnconfirmed(url: string, key: string): Promise<void> {
  const isAutomatic = await confirmsByItself(url, key).catch((error: unknown) => String(error));
  if (isAutomatic === false) return;
  if (isAutomatic !== true) {
    return console.warn(
      `Warning: it could not be checked whether this project confirms addresses without a mail (${isAutomatic}).`,
    );
  }
  console.warn(
    "Warning: this project confirms addresses without a mail, so whoever signed up first has the address. " +
      'Make sure that the account is the person\'s, or turn on "Confirm email" first.',
  );
}

async function confirmsByItself(url: string, key: string): Promise<boolean> {
  const response = await fetch(`${url}/auth/v1/settings`, { headers: { apikey: key } });
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  const { mailer_autoconfirm } = await response.json() as { mailer_autoconfirm?: boolean };
  if (mailer_autoconfirm === undefined) throw new Error(`${response.url} does not say`);
  return mailer_autoconfirm;
}

async function showAccounts(client: Client, account: string, isId: boolean): Promise<void> {
  const { data, error } = await client.rpc(
    "find_team_accounts",
    isId ? { user_id: account } : { email: account },
  );
  if (error) {
    console.warn(`Warning: who has the account could not be checked (${error.message}).`);
  }
  for (const each of data ?? []) {
    const how = each.confirmed_by && (HOW[each.confirmed_by] ?? `by ${each.confirmed_by}`);
    const confirmed = each.confirmed_at
      ? `its address confirmed at ${each.confirmed_at}, ${how}`
      : "its address not confirmed";
    console.log(`${each.user_id}  ${each.email}  made at ${each.created_at}, ${confirmed}`);
  }
}
