import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { logRequest } from "../_shared/log.ts";
import { createReadAccount, withinBudget } from "../_shared/provider-account.ts";
import { createBudgets } from "../_shared/provider-budget.ts";
import { createHandler } from "./handler.ts";

const MASTER_KEYS = "SECRETS_MASTER_KEYS";
const rpc = createServiceRpc(10_000);
const clock = () => Date.now();
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    rpc,
    masterKeys: () => parseMasterKeys(MASTER_KEYS, Deno.env.get(MASTER_KEYS)),
    readAccount: withinBudget(createReadAccount(10_000), createBudgets({ rpc, sleep, clock }), clock),
    apiUrl: (Deno.env.get("DEVTO_API_URL") || "https://dev.to/api").replace(/\/+$/, ""),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
