import type { ProjectAccess } from "../project.ts";
import { openPrompt, type Prompt } from "./prompt.ts";
import { changeSession, explain } from "./session.ts";

export interface SignInOptions {
  email?: string | undefined;
  /** With a code that Auth mails, instead of a password. */
  isByCode: boolean;
}

/**
 * Signs in. Password and code are asked for: other users of the machine see arguments.
 *
 * @returns the account's e-mail address
 */
export async function signIn(project: ProjectAccess, file: string, options: SignInOptions): Promise<string> {
  const prompt = openPrompt();
  try {
    const email = options.email ?? await prompt.ask("E-mail address: ");
    await (options.isByCode ? signInByCode : signInByPassword)(project, file, email, prompt);
    return email;
  } finally {
    prompt.close();
  }
}

async function signInByPassword(
  project: ProjectAccess,
  file: string,
  email: string,
  prompt: Prompt,
): Promise<void> {
  const password = await prompt.ask("Password: ", "secret");
  const { error } = await changeSession(
    project,
    file,
    (auth) => auth.signInWithPassword({ email, password }),
  );
  if (error) throw explain(error, project, "Auth refused the sign-in", "Check the address and the password.");
}

async function signInByCode(
  project: ProjectAccess,
  file: string,
  email: string,
  prompt: Prompt,
): Promise<void> {
  const mailed = await changeSession(
    project,
    file,
    (auth) => auth.signInWithOtp({ email, options: { shouldCreateUser: false } }),
  );
  if (mailed.error) throw explain(mailed.error, project, "Auth mailed no code", "Check the address.");
  const token = await prompt.ask(`Code that was mailed to ${email}: `);
  const { error } = await changeSession(
    project,
    file,
    (auth) => auth.verifyOtp({ email, token, type: "email" }),
  );
  if (error) throw explain(error, project, "Auth refused the code", "Check it, or ask for another one.");
}
