import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createGithub } from "./github.ts";
import { createHandler } from "./handler.ts";

const KEYS = "SECRETS_MASTER_KEYS";

export default {
  fetch: createHandler({
    rpc: createServiceRpc(10_000),
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
