import { registerHooks } from "node:module";
import type postgres from "postgres";
import packageJson from "../../package.json" with { type: "json" };

// Fixes in postgres 3.4.9: a connection of a transaction that the server closes stays with the transaction.
// Its next statement is a TypeError that nobody can catch, or runs in the transaction of whoever got
// the connection after that; statements that wait for it never end; what was to be written is sent before the
// first message of the next connection, which then never opens; and an `end()` that is called between the error
// of a socket and its end waits forever.
// Unnecessary when: porsager/postgres #1154, #1199 and #1208 are fixed, or lite has another driver.

const SUFFIX = "?fixloop";

/** By file of `postgres/src`: what replaces what. */
const CHANGES: Record<string, [text: string, replacement: string][]> = {
  "connection.js": [
    [
      "    if (terminated)\n      return queryError(",
      "    if (!socket)\n      return queryError(q, Errors.connection('CONNECTION_CLOSED', options))\n\n" +
      "    if (terminated)\n      return queryError(",
    ],
    [
      "    clearImmediate(nextWriteTimer)\n    socket.removeListener('data', data)\n" +
      "    socket.removeListener('connect', connected)\n    idleTimer.cancel()",
      "    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener('data', data)\n" +
      "    socket.removeListener('connect', connected)\n    idleTimer.cancel()",
    ],
    // between the socket's error and its end, its connection is not given to anybody
    [
      "  function connected() {\n    try {\n",
      "  function connected() {\n    connection.isBroken = false\n    try {\n",
    ],
    ["    x.on('error', error)\n", "    x.on('error', e => (connection.isBroken = true, error(e)))\n"],
    ["    !hadError && (query || sent.length) && error(", "    ;(query || sent.length) && error("],
    // whoever waits for the connection gets its error; nobody waits for this query
    ["        return fetchArrayTypes()\n", "        return fetchArrayTypes().catch(() => {})\n"],
    // else the first is waited for by an `end()` that comes next, the second is the error of the next connection's first
    // statement, and the third an `end()` that came before
    [
      "    closedTime = performance.now()\n",
      "    query = errorResponse = null\n    ended && (ended(), ending = ended = null)\n" +
      "    closedTime = performance.now()\n",
    ],
  ],
  "index.js": [
    [
      "    c.reserved.release = true\n",
      "    c.reserved.release = true\n    let lost = null\n" +
      "    c.onclose = error => {\n      lost = error\n" +
      "      while (queue.length) queue.shift().reject(error)\n    }\n",
    ],
    [
      "    sql.release = () => {\n",
      "    sql.release = () => {\n      if (lost || c.isBroken) return\n      c.onclose = null\n",
    ],
    [
      "    function handler(q) {\n      c.queue === full\n        ? queue.push(q)",
      "    function handler(q) {\n      lost ? q.reject(lost) : c.queue === full\n        ? queue.push(q)",
    ],
    [
      "        new Promise((_, reject) => connection.onclose = reject)\n",
      "        new Promise((_, reject) => connection.onclose = error => {\n          lost = error\n" +
      "          while (queries.length) queries.shift().reject(error)\n          reject(error)\n        })\n",
    ],
    ["      , prepare = null\n\n    try {\n", "      , prepare = null\n      , lost = null\n\n    try {\n"],
    [
      "        c.queue === full\n          ? queries.push(q)",
      "        lost ? q.reject(lost) : c.queue === full\n          ? queries.push(q)",
    ],
    ["    reserve,\n    listen,", "    reserve,\n    rejectsWhenClosed: true,\n    listen,"],
  ],
};

/** The source of a file of the package with its changes. Throws where a text that is to be replaced is not there once. */
export function changeSource(name: string, source: string): string {
  for (const [text, replacement] of CHANGES[name] ?? []) {
    if (source.split(text).length !== 2) throw changed(`${name} lacks or repeats ${JSON.stringify(text)}`);
    source = source.replace(text, () => replacement);
  }
  return source;
}

registerHooks({
  // a copy of its own, since other modules may have loaded the package already
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const isLite = /\/@supabase\/lite\/dist\//.test(context.parentURL ?? "") && specifier === "postgres";
    const isCopy = context.parentURL?.endsWith(SUFFIX) && specifier.startsWith(".");
    return isLite || isCopy ? { ...resolved, url: resolved.url + SUFFIX } : resolved;
  },
  load(url, context, next) {
    const loaded = next(url, context);
    const name = url.match(/\/postgres\/src\/([^/]+)\?fixloop$/)?.[1];
    if (name === undefined || loaded.source == null) return loaded;
    const source = typeof loaded.source === "string"
      ? loaded.source
      : Buffer.from(loaded.source as Uint8Array).toString();
    return { ...loaded, source: changeSource(name, source) };
  },
});

const { createPostgresConnection, PostgresConnection } = await import("@supabase/lite/postgres");
export { createPostgresConnection, PostgresConnection };

/** The changed driver, which lite has loaded. */
export function openDriver(
  url: string,
  options: NonNullable<Parameters<typeof createPostgresConnection>[0]["postgresOptions"]>,
): postgres.Sql {
  const { driver } = createPostgresConnection({ url, postgresOptions: options }) as unknown as Driver;
  assertDriver(driver);
  return driver;
}

/** Asserts that a connection's driver is the changed one: lite may have been loaded before this module. */
export function assertDriver(driver: object): void {
  if (!("rejectsWhenClosed" in driver)) throw changed("lite does not load it from here");
}

interface Driver {
  driver: postgres.Sql;
}

function changed(reason: string): Error {
  const { postgres } = packageJson.devDependencies;
  return new Error(
    `scripts/local changes postgres ${postgres}: ${reason}. Install that version (npm ci), or adapt ` +
      "scripts/local/postgres-driver.ts to the new one.",
  );
}
