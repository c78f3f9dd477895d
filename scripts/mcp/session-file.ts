import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { SupportedStorage } from "@supabase/supabase-js";
import { z } from "zod";
import { errorCode, UserError } from "../local/user-error.ts";

/** The part of supabase-js's session that is used here; the file has all of it. */
const sessionSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  user: z.object({ id: z.string(), email: z.string().optional() }),
});

export type StoredSession = z.infer<typeof sessionSchema>;

/** The key under which supabase-js stores a session. It has others, for flows that are not used here. */
export const SESSION_KEY = "session";

/** The session file of a project: one per URL, for the user alone. */
export function sessionFile(projectUrl: string, env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return join(folder, "fixloop", `${encodeURIComponent(projectUrl)}.json`);
}

/**
 * Loads the session; undefined if nobody is signed in.
 *
 * @throws UserError for a file that contains something else
 */
export async function loadSession(file: string): Promise<StoredSession | undefined> {
  const text = await readIfExists(file);
  if (text === undefined) return undefined;
  const session = sessionSchema.safeParse(parseJson(text)).data;
  if (session) return session;
  throw new UserError(`${file} contains no session.`, "Sign in again: npm run mcp -- login");
}

/** The file as supabase-js's storage. A reader sees the old session or the new one, never a part. */
export const fileStorage = (file: string): SupportedStorage => ({
  getItem: async (key) => key === SESSION_KEY ? await readIfExists(file) ?? null : null,
  setItem: async (key, value) => {
    if (key === SESSION_KEY) await replaceFile(file, value);
  },
  removeItem: async (key) => {
    if (key === SESSION_KEY) await rm(file, { force: true });
  },
});

/** Creates the folder of a session file, which others can't list. */
export async function makeFolder(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
}

async function replaceFile(file: string, text: string): Promise<void> {
  await makeFolder(file);
  const unfinished = `${file}.${process.pid}.tmp`;
  await rm(unfinished, { force: true });
  const handle = await open(unfinished, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
}

async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
