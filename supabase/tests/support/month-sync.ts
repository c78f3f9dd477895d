import postgres, { type Sql } from "postgres";
import { openTokens } from "../../functions/_shared/connection-secret.ts";
import type { Rpc } from "../../functions/_shared/database.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { createGithub } from "../../functions/_shared/github.ts";
import { createBudgets } from "../../functions/_shared/provider-budget.ts";
import { syncDevto } from "../../functions/platform-sync/devto.ts";
import { syncGithub } from "../../functions/platform-sync/github.ts";
import { createHandler, type Report } from "../../functions/platform-sync/handler.ts";
import { syncYoutube } from "../../functions/platform-sync/youtube-channel.ts";
import type { Chance } from "./month-days.ts";
import type { SyncProviders } from "./sync.ts";

/** Which requests of a token find their provider broken. */
export type Outage = "rest" | "graphql" | "all";

export interface MonthSync {
  /** By token. */
  outages: Map<string, Outage>;
  /** Syncs what is due, with a ticket. */
  run(ticket: string): Promise<Report>;
}

/** The functions of the database, without the API in front of it: a month has a hundred thousand calls. */
export function createSqlRpc(sql: Sql): Rpc {
  return async (name, args) => {
    const names = Object.keys(args);
    const call = `public.${name}(${names.map((one, at) => `${one} => $${at + 1}`).join(", ")})`;
    const values = names.map((one) => args[one] as postgres.ParameterOrJSON<never>);
    try {
      const [row] = await sql.unsafe<{ data: unknown }[]>(
        `select ${name === "settle_provider_calls" ? call : `to_jsonb(${call})`} as data`,
        values,
        { prepare: true },
      );
      return { ok: true, data: row?.data ?? null };
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      return { ok: false, code: error.code, message: error.message };
    }
  };
}

/** platform-sync in this process, at the time of the test. */
export function createMonthSync(
  providers: SyncProviders,
  rpc: Rpc,
  clock: () => number,
  chance: Chance,
): MonthSync {
  const outages = new Map<string, Outage>();
  const send: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    const token = headers.get("api-key") ?? headers.get("authorization")?.replace(/^bearer /i, "") ?? "";
    const outage = outages.get(token);
    const isGraphql = String(input).endsWith("/graphql");
    const isBroken = outage === "all" || outage === (isGraphql ? "graphql" : "rest");
    return isBroken ? brokenAnswer(chance) : fetch(input, init);
  };
  const keys = parseMasterKeys("SECRETS_MASTER_KEYS", providers.env["SECRETS_MASTER_KEYS"]);
  const url = (name: string) => providers.env[name] ?? "";
  const github = createGithub({ apiUrl: url("GITHUB_API_URL"), fetch: send, clock });
  const sleep = () => Promise.resolve();
  const handle = createHandler({
    rpc,
    budgets: createBudgets({ rpc, sleep, clock }),
    masterKeys: () => keys,
    tokenOf: async ({ secret_id: secretId, platform, user_id: userId, sealed }) => ({
      kind: "token",
      token: (await openTokens(keys, { secretId, platform, userId }, sealed)).access_token,
      secretId,
    }),
    platforms: {
      github: (context) => syncGithub(context, github),
      youtube: (context) => syncYoutube(context, { apiUrl: url("GOOGLE_API_URL"), fetch: send }),
      devto: (context) => syncDevto(context, { apiUrl: url("DEVTO_API_URL"), fetch: send }),
    },
    isServer: () => Promise.resolve(false),
    log: () => {},
    clock,
    sleep,
    newId: () => crypto.randomUUID(),
    maxRuns: 10_000,
  });
  return {
    outages,
    async run(ticket) {
      const response = await handle(
        new Request("http://functions.invalid/platform-sync", {
          method: "POST",
          headers: { "x-fixloop-ticket": ticket },
        }),
      );
      if (response.status !== 200) throw new Error(await response.text());
      return await response.json() as Report;
    },
  };
}

/** What providers send when something is wrong with them. */
async function brokenAnswer(chance: Chance): Promise<Response> {
  await Promise.resolve();
  switch (chance.below(4)) {
    case 0:
      return new Response("<html>Bad gateway</html>", {
        status: 502,
        headers: { "content-type": "text/html" },
      });
    case 1:
      return new Response("<html>Maintenance</html>", { headers: { "content-type": "text/html" } });
    case 2:
      return new Response('{"items": [{"id": 1, "na', { headers: { "content-type": "application/json" } });
    default:
      throw new TypeError("fetch failed");
  }
}
