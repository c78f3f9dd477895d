import { Webhook } from "standardwebhooks";
import { answerOrFail, readRequest, send, startServer } from "./server.ts";
import type { Fault } from "./faults.ts";

/** A request that a receiver got. */
export interface ReceivedWebhook {
  /** Of the request's path. */
  path: string;
  /** `webhook-id`; empty of a message for Slack. */
  id: string;
  headers: Record<string, string>;
  /** The body as it was sent, which the signature is of. */
  text: string;
  /** The body. */
  event: Record<string, unknown>;
  /** Whether one of the signatures is of the receiver's secret; false without one. */
  isSigned: boolean;
  status: number;
}

export interface FakeReceiver {
  url: string;
  /** The secret that it verifies with, as `webhook-endpoints` returned it. */
  secret: string | null;
  /** What happens to the next requests: slow, failing, redirected, never answered. */
  faults: Fault[];
  received: ReceivedWebhook[];
  stop(): Promise<void>;
}

/** Starts a receiver of webhooks on a free port of the loopback address, which verifies them as Standard Webhooks has it. */
export async function startFakeReceiver(): Promise<FakeReceiver> {
  const receiver: Omit<FakeReceiver, "url" | "stop"> = { secret: null, faults: [], received: [] };
  const server = await startServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    const seen: ReceivedWebhook = {
      path: request.url.pathname,
      id: String(request.headers["webhook-id"] ?? ""),
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      text: request.body,
      event: JSON.parse(request.body) as Record<string, unknown>,
      isSigned: isSigned(receiver.secret, request.body, request.headers),
      status: 0,
    };
    receiver.received.push(seen);
    const answer = await answerOrFail(receiver.faults, request, () => ({ status: 204 }));
    seen.status = answer?.status ?? 0;
    send(response, answer, {});
  });
  return Object.assign(receiver, { url: server.url, stop: server.stop });
}

function isSigned(secret: string | null, body: string, headers: Record<string, unknown>): boolean {
  if (secret === null) return false;
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
