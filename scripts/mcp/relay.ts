import {
  isInitializeRequest,
  isJSONRPCRequest,
  isJSONRPCResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
  type RequestId,
  type Transport,
} from "@modelcontextprotocol/client";
import { toErrorResponse } from "./errors.ts";

interface Pending {
  request: JSONRPCRequest;
  /** Ends its HTTP request. */
  abort: AbortController;
}

/**
 * Relays messages between a client and a server as they are, until the client closes. A request whose message can't be
 * delivered is answered with an error.
 *
 * @param connect opens the transport to the server, again with the next message if it throws
 * @param log gets one line for what no answer reports
 */
export async function relay(
  client: Transport,
  connect: () => Promise<Transport>,
  log: (line: string) => void,
): Promise<void> {
  const pending = new Map<RequestId, Pending>();
  let server: Promise<Transport> | undefined;

  const answer = (message: JSONRPCMessage): void => {
    client.send(message).catch((error: unknown) => log(`The client did not take a message: ${error}`));
  };

  const receive = (transport: Transport, message: JSONRPCMessage): void => {
    if (isJSONRPCResponse(message) && message.id !== undefined) {
      const request = pending.get(message.id)?.request;
      pending.delete(message.id);
      if (isInitializeRequest(request) && isJSONRPCResultResponse(message)) {
        transport.setProtocolVersion?.(String(message.result.protocolVersion));
      }
    }
    answer(message);
  };

  const open = async (): Promise<Transport> => {
    const transport = await connect();
    transport.onmessage = (message) => receive(transport, message);
    transport.onerror = (error) => log(error.message);
    await transport.start();
    return transport;
  };

  const fail = (id: RequestId, error: unknown): void => {
    if (pending.delete(id)) answer(toErrorResponse(id, error));
  };

  const deliver = async (message: JSONRPCMessage): Promise<void> => {
    if (!isJSONRPCRequest(message)) {
      const cancelled = findCancelled(message, pending);
      // with the revisions from 2026 on, ending the HTTP request is what cancels it
      if (cancelled && isStateless(cancelled.request)) return cancelled.abort.abort();
      return await (await (server ??= open())).send(message);
    }
    const { id } = message;
    const abort = new AbortController();
    pending.set(id, { request: message, abort });
    abort.signal.addEventListener("abort", () => pending.delete(id));
    await (await (server ??= open())).send(message, {
      requestSignal: abort.signal,
      onRequestStreamEnd: () => fail(id, new Error("The server ended the stream without an answer.")),
    });
  };

  const closed = new Promise<void>((resolve) => client.onclose = resolve);
  client.onerror = (error) => log(error.message);
  client.onmessage = (message) => {
    deliver(message).catch((error: unknown) => {
      server?.catch(() => server = undefined);
      if (isJSONRPCRequest(message)) fail(message.id, error);
    });
  };
  await client.start();
  await closed;
  await server?.then((transport) => transport.close(), () => {});
}

function findCancelled(message: JSONRPCMessage, pending: Map<RequestId, Pending>): Pending | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  return pending.get(message.params?.requestId as RequestId);
}

/** Whether a request names the revision of the protocol itself, as it does where there is no initialization. */
const isStateless = ({ params }: JSONRPCRequest): boolean =>
  params?._meta?.[PROTOCOL_VERSION_META_KEY] !== undefined;
