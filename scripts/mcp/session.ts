import { type AuthError, createClient, type SupportedStorage } from "@supabase/supabase-js";
import type { ProjectAccess } from "../project.ts";
import { errorCode, UserError } from "../local/user-error.ts";
import { withFileLock } from "./file-lock.ts";
import { fileStorage, loadSession, makeFolder, SESSION_KEY, type StoredSession } from "./session-file.ts";

const REQUEST_TIMEOUT_MS = 15_000;

const SIGN_IN = "Sign in: npm run mcp -- login";

/** The signed-in account's session, which all bridges of a project share. */
export interface Session {
  /** The current access token, which may have expired. Throws a UserError if nobody is signed in. */
  accessToken(): Promise<string>;
  /**
   * The access token to use instead of one that the server rejected. Refresh tokens rotate, so one process at a time
   * refreshes, and the others find its result in the file. Throws a UserError if there is none.
   */
  renew(rejected: string): Promise<string>;
}

export function openSession(project: ProjectAccess, file: string): Session {
  return {
    accessToken: async () => (await requireSession(project, file)).access_token,
    renew: (rejected) =>
      withFileLock(lockOf(file), async () => {
        const stored = await requireSession(project, file);
        return stored.access_token === rejected ? await refresh(project, file, stored) : stored.access_token;
      }),
  };
}

async function requireSession(project: ProjectAccess, file: string): Promise<StoredSession> {
  const session = await loadSession(file);
  if (session) return session;
  throw new UserError(`Nobody is signed in to ${project.url}.`, SIGN_IN);
}

/**
 * One refresh. supabase-js is given the refresh token and writes what it gets; it is not shown the file, since it would
 * refresh an expired session on its own first, and delete one that Auth refuses, after which nobody could see why.
 */
async function refresh(project: ProjectAccess, file: string, stored: StoredSession): Promise<string> {
  const storage = { ...fileStorage(file), getItem: () => null, removeItem: () => {} };
  return await withAuth(project, storage, async (auth) => {
    const { data, error } = await auth.refreshSession({ refresh_token: stored.refresh_token });
    if (error) throw explain(error, project, "The session has ended", SIGN_IN);
    if (data.session) return data.session.access_token;
    throw new UserError(`Auth at ${project.url} returned no session.`, "Send it again.");
  });
}

type Auth = ReturnType<typeof createClient>["auth"];

/** Runs a step with an Auth client whose session is the file. */
export async function changeSession<T>(
  project: ProjectAccess,
  file: string,
  step: (auth: Auth) => Promise<T>,
): Promise<T> {
  await makeFolder(file);
  return await withFileLock(lockOf(file), () => withAuth(project, fileStorage(file), step));
}

async function withAuth<T>(
  { url, key }: ProjectAccess,
  storage: SupportedStorage,
  step: (auth: Auth) => Promise<T>,
): Promise<T> {
  const { auth } = createClient(url, key, {
    auth: { storage, storageKey: SESSION_KEY, persistSession: true, autoRefreshToken: false },
    global: { fetch: fetchOnce },
  });
  try {
    return await step(auth);
  } finally {
    await auth.dispose();
  }
}

/**
 * While Auth does not answer, supabase-js would repeat a refresh for 30 s, under the lock that the other bridges wait for. 599
 * is a status that it takes for an answer.
 */
async function fetchOnce(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const unanswered = (message: string) => Response.json({ code: "unanswered", message }, { status: 599 });
  try {
    const response = await fetch(input, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return response.status < 500 ? response : unanswered(`HTTP ${response.status}`);
  } catch (error) {
    const { name, cause } = error as Error;
    return unanswered(errorCode(cause) ?? name);
  }
}

const lockOf = (file: string): string => `${file}.lock`;

/**
 * What an error of Auth means for the person.
 *
 * @param refused what it means that Auth refused what was sent
 * @param hint what to do then
 */
export function explain(error: AuthError, { url }: ProjectAccess, refused: string, hint: string): UserError {
  if (error.code === "user_banned") {
    return new UserError("The account is banned.", "Ask an admin of the team.");
  }
  if (error.status === 429) {
    return new UserError(`Auth at ${url} accepts no more requests at the moment.`, "Wait a minute.");
  }
  if ((error.status ?? 500) >= 500) {
    return new UserError(`Auth at ${url} did not answer: ${error.message}.`, "Is the project running?");
  }
  return new UserError(`${refused}: ${error.message}.`, hint);
}
