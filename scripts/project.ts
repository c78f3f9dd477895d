import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { ROOT } from "./local/paths.ts";
import { UserError } from "./local/user-error.ts";

/** The project that the environment names, or the stack that runs here. Never the key of one for the url of the other. */
export function findProject(): { url: string; key: string } {
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
