import { createModel, parseModelSettings } from "../_shared/chat-model.ts";
import { createCallerConnect, createServiceRpc } from "../_shared/database.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";

/** What the platform offers beyond Deno. */
const runtime = (globalThis as { EdgeRuntime?: { waitUntil(work: Promise<unknown>): void } }).EdgeRuntime;

export default {
  fetch: createHandler({
    rpc: createServiceRpc(15_000, "support"),
    connect: createCallerConnect(10_000),
    settings: () =>
      Deno.env.get("SUPPORT_CHAT_URL")
        ? parseModelSettings((name) => Deno.env.get(name), "SUPPORT_CHAT")
        : null,
    createModel: (settings) =>
      createModel({ ...settings, fetch: (input, init) => fetch(input, init), clock: () => Date.now() }),
    log: logRequest,
    now: () => performance.now(),
    clock: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    keepAlive: (work) => runtime?.waitUntil(work),
    newId: () => crypto.randomUUID(),
  }),
};
