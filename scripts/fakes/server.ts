import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, distort, type Fault, faultAnswer, isInstead, takeFault } from "./faults.ts";

/** A request to a fake, read to its end. */
export interface FakeRequest {
  method: string;
  /** With its query. */
  path: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface RunningServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts an HTTP server on a free port of the loopback address. */
export async function startServer(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<RunningServer> {
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  // longer than clients keep an idle connection, so that none is closed under a request
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The whole body as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

export async function readRequest(request: IncomingMessage): Promise<FakeRequest> {
  const { method = "GET", url: path = "/", headers } = request;
  return { method, path, url: new URL(path, "http://fake.invalid"), headers, body: await readBody(request) };
}

/**
 * The answer to a request: a fault's, or the usual one with what a fault makes of it. Null: the connection is
 * closed instead.
 */
export async function answerOrFail(
  faults: Fault[],
  { method, path }: FakeRequest,
  usual: () => Answer | Promise<Answer>,
): Promise<Answer | null> {
  const fault = takeFault(faults, method, path);
  if (fault?.delayMs) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault?.hangUp) return null;
  return isInstead(fault) ? faultAnswer(fault) : distort(await usual(), fault);
}

/** Sends an answer; closes the connection for null. */
export function send(response: ServerResponse, answer: Answer | null, headers: Record<string, string>): void {
  if (answer === null) return void response.destroy();
  const { status, body } = answer;
  const isText = typeof body === "string" || body === undefined;
  response.writeHead(status, {
    "content-type": isText ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    ...headers,
    ...answer.headers,
  });
  response.end(isText ? body : JSON.stringify(body));
}
