import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { openCircle } from "../_shared/open-circle.ts";
import { createHandler } from "./handler.ts";
import { resolveHost } from "./post.ts";

const KEYS = "SECRETS_MASTER_KEYS";
const env = (name: string) => Deno.env.get(name);
const clock = () => Date.now();

export default {
  fetch: createHandler({
    rpc: createServiceRpc(15_000),
    masterKeys: () => parseMasterKeys(KEYS, env(KEYS)),
    poster: {
      fetch: (input, init) => fetch(input, init),
      resolve: resolveHost,
      allowsPrivate: env("WEBHOOKS_ALLOW_PRIVATE") === "true",
      clock,
      timeoutMs: 20_000,
    },
    openCircle: openCircle(env),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    isServer: hasSecretKey,
    log: logRequest,
    clock,
    newId: () => crypto.randomUUID(),
  }),
};
