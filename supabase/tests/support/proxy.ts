import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

export interface Proxy {
  /** The connection string that leads through it. */
  url: string;
  /** Resets all connections, as a network does that is lost. */
  reset(): void;
  /** Does so as soon as a client sends this. */
  resetAt(text: string): void;
  stop(): Promise<void>;
}

/** Starts a proxy in front of a database's server. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const url = new URL(databaseUrl);
  const target = { host: url.hostname, port: Number(url.port) };
  const sockets: Socket[] = [];
  let trigger: string | undefined;
  const reset = () => sockets.forEach((socket) => socket.resetAndDestroy());
  const server = createServer((client) => {
    const upstream = createConnection(target);
    for (const socket of [client, upstream]) sockets.push(socket.on("error", () => {}));
    client.on("data", (data) => {
      if (trigger !== undefined && data.includes(trigger)) reset();
    });
    client.pipe(upstream).pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    reset,
    resetAt: (text) => {
      trigger = text;
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
