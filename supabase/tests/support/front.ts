import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";

/** A server in front of a project, at an address of its own. */
export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers a request, or changes it and returns it for the project; undefined forwards it as it is. */
export type Intercept = (request: Request) => MaybePromise<Response | Request | undefined>;

type MaybePromise<T> = T | Promise<T>;

/**
 * Opens a reverse proxy.
 *
 * @param target returns the origin of the project; asked with every request, since a project may be told the proxy's address
 *   when it opens
 */
export async function openFront(target: () => string, intercept: Intercept): Promise<Front> {
  const server = createServer(getRequestListener(async (request) => {
    const answer = await intercept(request) ?? request;
    // not instanceof: the listener replaces the global classes
    return "status" in answer ? answer : await forward(answer, target());
  }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function forward(request: Request, origin: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of ["connection", "content-length", "host", "keep-alive", "transfer-encoding"]) {
    headers.delete(name);
  }
  const response = await fetch(`${origin}${pathname}${search}`, {
    method: request.method,
    headers,
    body: request.body ? await request.arrayBuffer() : null,
    redirect: "manual",
  });
  const received = new Headers(response.headers);
  received.delete("content-encoding");
  return new Response(response.body, { status: response.status, headers: received });
}
