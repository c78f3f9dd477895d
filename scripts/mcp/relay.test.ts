import {
  type JSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
  SdkErrorCode,
  SdkHttpError,
  type Transport,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { UserError } from "../local/user-error.ts";
import { relay } from "./relay.ts";

// The relay between two transports that record what they are given.

interface Sent {
  message: JSONRPCMessage;
  options: TransportSendOptions | undefined;
}

class Recorder implements Transport {
  readonly sent: Sent[] = [];
  version: string | undefined;
  isClosed = false;
  onclose?: () => void;
  onmessage?: (message: JSONRPCMessage) => void;
  send: Transport["send"] = (message, options) => {
    this.sent.push({ message, options });
    return Promise.resolve();
  };
  start = () => Promise.resolve();
  setProtocolVersion = (version: string): void => void (this.version = version);
  close = (): Promise<void> => {
    this.isClosed = true;
    return Promise.resolve();
  };
  get messages(): JSONRPCMessage[] {
    return this.sent.map(({ message }) => message);
  }
}

async function open(connect?: () => Promise<Transport>) {
  const client = new Recorder();
  const server = new Recorder();
  const logged: string[] = [];
  const ended = relay(client, connect ?? (() => Promise.resolve(server)), (line) => logged.push(line));
  await expect.poll(() => client.onmessage).toBeDefined();
  const receive = (message: JSONRPCMessage): void => client.onmessage?.(message);
  return { client, server, logged, ended, receive };
}

const call = (id: number | string, params: Record<string, unknown> = {}): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "list_active_issues", ...params },
});

test("messages pass in both directions as they are, whatever their ids", async () => {
  const { client, server, receive } = await open();
  const messages: JSONRPCMessage[] = [
    call(0),
    call("0", { _meta: { progressToken: "p" } }),
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 7, method: "x/unknown", params: { any: ["thing"] } },
    { jsonrpc: "2.0", id: "from the server", result: {} },
  ];
  for (const message of messages) receive(message);
  await expect.poll(() => server.messages).toEqual(messages);
  const answers: JSONRPCMessage[] = [
    { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: "p", progress: 1 } },
    { jsonrpc: "2.0", id: "0", result: { content: [] } },
    { jsonrpc: "2.0", id: 0, error: { code: -32602, message: "no", data: { a: 1 } } },
    { jsonrpc: "2.0", id: 5, method: "ping" },
  ];
  for (const answer of answers) server.onmessage?.(answer);
  expect(client.messages).toEqual(answers);
});

test("the revision that initialization agrees on is that of the transport", async () => {
  const { server, receive } = await open();
  receive({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a", version: "1" } },
  });
  await expect.poll(() => server.sent.length).toBe(1);
  server.onmessage?.({
    jsonrpc: "2.0",
    id: 1,
    result: { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "b", version: "1" } },
  });
  expect(server.version).toBe("2025-06-18");
});

test("a cancellation is passed on; of a request without initialization it ends the HTTP request", async () => {
  const { client, server, receive } = await open();
  const cancel = (requestId: number): JSONRPCMessage => ({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId },
  });
  receive(call(1));
  receive(cancel(1));
  await expect.poll(() => server.messages).toEqual([call(1), cancel(1)]);
  expect(server.sent[0]?.options?.requestSignal?.aborted).toBe(false);

  receive(call(2, { _meta: { [PROTOCOL_VERSION_META_KEY]: "2026-07-28" } }));
  await expect.poll(() => server.sent.length).toBe(3);
  receive(cancel(2));
  expect(server.sent[2]?.options?.requestSignal?.aborted).toBe(true);
  expect(server.sent.length).toBe(3);
  expect(client.messages).toEqual([]);
});

const http = (status: number, text: string): SdkHttpError =>
  new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, `Error POSTing to endpoint: ${text}`, {
    status,
    text,
  });

test.each<[string, Error, Record<string, unknown>]>([
  [
    "an error response of the function",
    http(
      403,
      '{"code":"team_role_required","message":"The account is not in the team.","hint":"Ask an admin."}',
    ),
    {
      message: "The account is not in the team. Ask an admin.",
      data: { code: "team_role_required", message: "The account is not in the team.", hint: "Ask an admin." },
    },
  ],
  [
    "an error of the protocol without the request's id",
    http(
      400,
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Unsupported","data":{"supported":[]}}}',
    ),
    { code: -32000, message: "Unsupported", data: { supported: [] } },
  ],
  ["a page of something in between", http(502, "<html>"), { message: "The server answered 502." }],
  ["an error for the person", new UserError("Nobody is signed in.", "Sign in."), {
    message: "Nobody is signed in. Sign in.",
  }],
  [
    "no connection",
    new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }),
    { message: "The server can't be reached (ECONNREFUSED). Is the project running?" },
  ],
])("%s is the answer to a request, and of a notification only logged", async (_, error, expected) => {
  const { client, server, receive } = await open();
  server.send = () => Promise.reject(error);
  receive({ jsonrpc: "2.0", method: "notifications/initialized" });
  receive(call("a"));
  await expect.poll(() => client.messages).toEqual([
    { jsonrpc: "2.0", id: "a", error: { code: -32603, ...expected } },
  ]);
});

test("a server that can't be opened is opened again with the next message", async () => {
  const server = new Recorder();
  let attempts = 0;
  const { client, receive } = await open(() => {
    attempts++;
    return attempts === 1
      ? Promise.reject(new UserError("No project.", "Start one."))
      : Promise.resolve(server);
  });
  receive(call(1));
  await expect.poll(() => client.messages).toMatchObject([{
    id: 1,
    error: { message: "No project. Start one." },
  }]);
  receive(call(2));
  await expect.poll(() => server.messages).toEqual([call(2)]);
});

test("a stream that ends without the answer is an error, once", async () => {
  const { client, server, receive } = await open();
  receive(call(1));
  await expect.poll(() => server.sent.length).toBe(1);
  server.sent[0]?.options?.onRequestStreamEnd?.();
  server.sent[0]?.options?.onRequestStreamEnd?.();
  expect(client.messages).toMatchObject([{ id: 1, error: { code: -32603 } }]);
});

test("it ends when the client closes, and closes the server", async () => {
  const { client, server, receive, ended } = await open();
  receive(call(1));
  await expect.poll(() => server.sent.length).toBe(1);
  client.onclose?.();
  await ended;
  expect(server.isClosed).toBe(true);
});
