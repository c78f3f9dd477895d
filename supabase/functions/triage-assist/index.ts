import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";
import { createModel, type ModelSettings, parseModelSettings } from "./model.ts";

export default {
  fetch: createHandler({
    rpc: createServiceRpc(10_000),
    settings: () => parseModelSettings((name) => Deno.env.get(name)),
    connect: (settings: ModelSettings) =>
      createModel({ ...settings, fetch: (input, init) => fetch(input, init), clock: () => Date.now() }),
    isServer: hasSecretKey,
    log: logRequest,
    clock: () => Date.now(),
    newId: () => crypto.randomUUID(),
  }),
};
