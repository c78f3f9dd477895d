import type { Rpc, RpcResult } from "../../functions/_shared/database.ts";
import type { LogEntry } from "../../functions/_shared/log.ts";
import { createHandler, type Dependencies } from "../../functions/github-webhook/handler.ts";
import { DELIVERY_ID, PREVIOUS, SECRET } from "./github-deliveries.ts";

/** A call of a database function. */
export interface Call {
  name: string;
  args: Record<string, unknown>;
}

/** The webhook's handler with a fake database. */
export function setUpWebhook(results: Record<string, RpcResult> = {}, deps: Partial<Dependencies> = {}) {
  const calls: Call[] = [];
  const logged: LogEntry[] = [];
  const answers: Record<string, RpcResult> = {
    ingest_github_delivery: { ok: true, data: { delivery_id: DELIVERY_ID, status: "done" } },
    receive_github_delivery: { ok: true, data: "received" },
    is_github_repository: { ok: true, data: true },
    ...results,
  };
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    return Promise.resolve(answers[name] ?? { ok: false, code: "PGRST202", message: "no such function" });
  };
  const handler = createHandler({
    secrets: () => [SECRET, PREVIOUS],
    ingest: rpc,
    store: rpc,
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  return { handler, calls, logged };
}
