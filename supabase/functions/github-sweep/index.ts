import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createGithub } from "../_shared/github.ts";
import { createBudgets } from "../_shared/provider-budget.ts";
import { createHandler } from "./handler.ts";

const KEYS = "SECRETS_MASTER_KEYS";

const rpc = createServiceRpc(10_000);

export default {
  fetch: createHandler({
    rpc,
    budgets: createBudgets({
      rpc,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      clock: () => Date.now(),
    }),
    ask: createGithub({
      apiUrl: (Deno.env.get("GITHUB_API_URL") || "https://api.github.com").replace(/\/+$/, ""),
      fetch: (input, init) => fetch(input, init),
      clock: () => Date.now(),
    }),
    masterKeys: () => parseMasterKeys(KEYS, Deno.env.get(KEYS)),
    isServer: hasSecretKey,
    log: logRequest,
    clock: () => Date.now(),
    newId: () => crypto.randomUUID(),
  }),
};
