import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createOAuthClient } from "../_shared/oauth-client.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";
const env = (name: string) => Deno.env.get(name);

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc: createServiceRpc(10_000),
    masterKeys: () => parseMasterKeys(MASTER_KEYS, env(MASTER_KEYS)),
    provider: createProviders(env),
    oauth: createOAuthClient(10_000),
    fetch: (input, init) => fetch(input, init),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
