import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { openCircle } from "../_shared/open-circle.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";

const KEYS = "SECRETS_MASTER_KEYS";
const env = (name: string) => Deno.env.get(name);

export default {
  fetch: createHandler({
    rpc: createServiceRpc(20_000),
    masterKeys: () => parseMasterKeys(KEYS, env(KEYS)),
    open: openCircle(env),
    isServer: hasSecretKey,
    log: logRequest,
    clock: () => Date.now(),
    newId: () => crypto.randomUUID(),
  }),
};
