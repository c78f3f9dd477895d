import { type Mail, Mailer } from "../auth/mails.ts";
import { createAuth } from "../auth/server.ts";
import type { SupabaseConfig } from "../config.ts";
import { createApp } from "./app.ts";
import { allowOrigins, preflight } from "./cors.ts";
import { acceptJsonText, assertInternals, type ConnectionInternals } from "./internals.ts";
import { assertDriver } from "../postgres-driver.ts";
import { createRest } from "./rest/server.ts";

export interface Api {
  /** Answers `/rest/v1` and `/auth/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * The Data API (rest/) and Auth (../auth/), which is @supabase/lite, over a database.
 *
 * @param url connection string of the superuser `supabase_admin`
 * @param deliver gets the mails that Auth would send
 */
export async function createApi(
  url: string,
  config: SupabaseConfig,
  deliver: (mail: Mail) => void = () => {},
): Promise<Api> {
  const mailer = new Mailer(deliver);
  const app = createApp(url, config, mailer.driver);
  const connection: object = app.connection;
  assertInternals(connection);
  assertDriver(connection.driver);
  const internals: ConnectionInternals = connection;
  internals.rlsState = "active";
  acceptJsonText(internals.driver);
  const rest = await createRest(url, internals.driver, config);
  const lite = async (request: Request): Promise<Response> => await app.fetch(request, { peerAddress: null });
  const auth = createAuth({ sql: internals.driver, config, mailer, lite });
  return {
    async fetch(request) {
      const isRest = /^\/rest\/v1(\/|$)/.test(new URL(request.url).pathname);
      return preflight(request) ?? allowOrigins(isRest ? await rest.fetch(request) : await auth(request));
    },
    async close() {
      await rest.close();
      await internals.driver.end({ timeout: 5 });
    },
  };
}
