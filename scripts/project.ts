import { findRunningStack } from "./local/running-stack.ts";
import { UserError } from "./local/user-error.ts";

/** The project that the environment names, or the stack that runs here. Never the key of one for the url of the other. */
export async function findProject(): Promise<{ url: string; key: string }> {
  const { SUPABASE_URL: url, SUPABASE_SECRET_KEY: key } = process.env;
  if (url && key) return { url, key };
  if (url || key) {
    throw new UserError(
      "Half a project is named.",
      "Set both SUPABASE_URL and SUPABASE_SECRET_KEY, or neither.",
    );
  }
  const { SUPABASE_URL: localUrl, SUPABASE_SECRET_KEY: localKey } = (await findRunningStack())?.env ?? {};
  if (localUrl && localKey) return { url: localUrl, key: localKey };
  throw new UserError(
    "No project is running here, and none is named.",
    "Run `npm start` in another terminal, or set SUPABASE_URL and SUPABASE_SECRET_KEY.",
  );
}
