import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { functionsUrlOf } from "../_shared/functions-url.ts";
import { logRequest } from "../_shared/log.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createHandler } from "./handler.ts";

const env = (name: string) => Deno.env.get(name);

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc: createServiceRpc(10_000),
    provider: createProviders(env),
    functionsUrl: functionsUrlOf(env),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
