import { CircleApi } from "./circle-api.ts";
import { createMemberTokens } from "./circle-token.ts";
import type { Rpc } from "./database.ts";
import { parseMasterKeys } from "./encryption.ts";
import { createBudgets } from "./provider-budget.ts";

const KEYS = "SECRETS_MASTER_KEYS";

/**
 * Circle's APIs by the environment: `CIRCLE_HEADLESS_TOKEN` (of the type Headless Auth) mints the bot's access token,
 * `CIRCLE_ADMIN_TOKEN` (Admin V2) reads posts, and `CIRCLE_API_URL` is for fakes. One instance is for one run, which ends
 * with `settle`; the bot's token is shared by all of a process.
 */
export function openCircle(env: (name: string) => string | undefined): (rpc: Rpc) => CircleApi {
  const apiUrl = (env("CIRCLE_API_URL") || "https://app.circle.so").replace(/\/+$/, "");
  const clock = () => Date.now();
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const send: typeof fetch = (input, init) => fetch(input, init);
  let memberTokens: ReturnType<typeof createMemberTokens> | null = null;
  return (rpc) => {
    memberTokens ??= createMemberTokens({
      rpc,
      masterKeys: () => parseMasterKeys(KEYS, env(KEYS)),
      headlessToken: env("CIRCLE_HEADLESS_TOKEN") || null,
      apiUrl,
      fetch: send,
      clock,
      sleep,
      newId: () => crypto.randomUUID(),
    });
    return new CircleApi({
      apiUrl,
      fetch: send,
      memberTokens,
      adminToken: env("CIRCLE_ADMIN_TOKEN") || null,
      budgets: createBudgets({ rpc, sleep, clock }),
      pause: async (provider, until) => {
        const paused = await rpc("pause_provider", { provider, until: until?.toISOString() ?? null });
        return paused.ok && typeof paused.data === "string" ? new Date(paused.data) : null;
      },
      clock,
    });
  };
}
