import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

export interface Proxy {
  /** The connection string that leads through it. */
  url: string;
  /** Resets all connections, as a network does that is lost. */
  reset(): void;
  stop(): Promise<void>;
}

/** Starts a proxy in front of a database's server. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const url = new URL(databaseUrl);
  const target = { host: url.hostname, port: Number(url.port) };
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = createConnection(target);
    for (const socket of [client, upstream]) sockets.push(socket.on("error", () => {}));
    client.pipe(upstream).pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
