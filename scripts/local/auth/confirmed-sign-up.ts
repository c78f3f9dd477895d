import type { SupabaseClient } from "@supabase/supabase-js";
import type { Project } from "../stack.ts";
import type { Mail } from "./mails.ts";

/** Signs up on the local stack, and in with the code in the mail, as a person does. Returns the account's id. */
export async function confirmedSignUp(
  project: Pick<Project, "mails">,
  client: SupabaseClient,
  account: { email: string; password: string; options?: { data: object } },
): Promise<string> {
  const { error } = await client.auth.signUp(account);
  if (error) throw error;
  const { code: token = "" } = lastMail(project, account.email);
  const confirmed = await client.auth.verifyOtp({ email: account.email, token, type: "email" });
  if (confirmed.error) throw confirmed.error;
  return confirmed.data.user?.id ?? "";
}

/** The last mail to an address. */
export function lastMail({ mails }: Pick<Project, "mails">, to: string): Mail {
  const mail = mails.findLast((each) => each.to === to.toLowerCase());
  if (!mail) throw new Error(`There is no mail to ${to}.`);
  return mail;
}
