import { createCallerConnect, createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createCheckToken } from "./github.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc: createServiceRpc(10_000),
    hasSecretKey,
    masterKeys: () => parseMasterKeys(MASTER_KEYS, Deno.env.get(MASTER_KEYS)),
    checkToken: createCheckToken(Deno.env.get("GITHUB_API_URL") || "https://api.github.com", 5_000),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
