import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createReadAccount } from "../_shared/provider-account.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc: createServiceRpc(10_000),
    masterKeys: () => parseMasterKeys(MASTER_KEYS, Deno.env.get(MASTER_KEYS)),
    readAccount: createReadAccount(10_000),
    apiUrl: (Deno.env.get("DEVTO_API_URL") || "https://dev.to/api").replace(/\/+$/, ""),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
