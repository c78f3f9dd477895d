import { findRunningStack } from "./local/running-stack.ts";
import { UserError } from "./local/user-error.ts";

/** A project, and one of its keys. */
export interface ProjectAccess {
  url: string;
  key: string;
}

/**
 * The project that the environment names, or the stack that runs here. Never the key of one for the url of the other.
 *
 * @param keyName the variable with the key that is needed
 */
export async function findProject(
  keyName: "SUPABASE_SECRET_KEY" | "SUPABASE_PUBLISHABLE_KEY" = "SUPABASE_SECRET_KEY",
): Promise<ProjectAccess> {
  const { SUPABASE_URL: url, [keyName]: key } = process.env;
  if (url && key) return { url, key };
  if (url || key) {
    throw new UserError("Half a project is named.", `Set both SUPABASE_URL and ${keyName}, or neither.`);
  }
  const { SUPABASE_URL: localUrl, [keyName]: localKey } = (await findRunningStack())?.env ?? {};
  if (localUrl && localKey) return { url: localUrl, key: localKey };
  throw new UserError(
    "No project is running here, and none is named.",
    `Run \`npm start\` in another terminal, or set SUPABASE_URL and ${keyName}.`,
  );
}
