import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Api } from "./api/server.ts";
import type { Functions } from "./functions.ts";
import { errorCode, UserError } from "./user-error.ts";
import { refusePages } from "./web-pages.ts";

/**
 * Longer than clients keep an idle connection (Deno: 90 s), so that they close it first: a request on a
 * connection that the server is closing ends in ECONNRESET.
 */
const KEEP_ALIVE_MS = 120_000;

export interface Routes {
  api: Api;
  functions: Functions;
}

export interface Gateway {
  readonly url: string;
  /** Starts to serve requests; until then each is answered 503. */
  serve(routes: Routes): void;
  close(): Promise<void>;
}

/**
 * Opens the stack's one origin: `/rest/v1` and `/auth/v1` go to the API, `/functions/v1` to the functions.
 *
 * @param port TCP port on 127.0.0.1, 0 for a free one; a port in use is a `UserError`
 * @param hosts names under which it may be reached, besides those of the loopback address
 */
export async function openGateway(port: number, hosts: readonly string[] = []): Promise<Gateway> {
  let routes: Routes | null = null;
  const server = createServer(getRequestListener(async (request) => {
    const refusal = refusePages(request, hosts);
    if (refusal) return refusal;
    if (!routes) return Response.json({ message: "The stack is still starting" }, { status: 503 });
    return await route(request, routes);
  }));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actual}`,
    serve: (behind) => routes = behind,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function route(request: Request, { api, functions }: Routes): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    if (/^\/(rest|auth)\/v1(\/|$)/.test(pathname)) return await api.fetch(request);
    if (pathname.startsWith("/functions/v1/")) return await functions.fetch(request);
  } catch (error) {
    console.error(`${request.method} ${pathname}:`, error);
    return Response.json({ message: "An unexpected error occurred" }, { status: 500 });
  }
  return Response.json({ message: "no Route matched with those values" }, { status: 404 });
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      if (errorCode(error) !== "EADDRINUSE") return reject(error);
      reject(
        new UserError(
          `Port ${port} is in use.`,
          "Stop the process that uses it, or choose another port: API_PORT=54331 npm start",
        ),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
