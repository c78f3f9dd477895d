import { createCallerConnect } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    masterKeys: () => parseMasterKeys(MASTER_KEYS, Deno.env.get(MASTER_KEYS)),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
