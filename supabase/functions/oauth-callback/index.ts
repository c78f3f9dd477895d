import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { functionsUrlOf } from "../_shared/functions-url.ts";
import { logRequest } from "../_shared/log.ts";
import { createOAuthClient } from "../_shared/oauth-client.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createReadAccount, withinBudget } from "../_shared/provider-account.ts";
import { createBudgets } from "../_shared/provider-budget.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";
const env = (name: string) => Deno.env.get(name);
const rpc = createServiceRpc(10_000);
const clock = () => Date.now();
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc,
    masterKeys: () => parseMasterKeys(MASTER_KEYS, env(MASTER_KEYS)),
    provider: createProviders(env),
    oauth: createOAuthClient(10_000),
    readAccount: withinBudget(createReadAccount(10_000), createBudgets({ rpc, sleep, clock }), clock),
    fetch: (input, init) => fetch(input, init),
    functionsUrl: functionsUrlOf(env),
    log: logRequest,
    now: () => performance.now(),
    clock,
    newId: () => crypto.randomUUID(),
  }),
};
