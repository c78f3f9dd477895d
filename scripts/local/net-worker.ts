import { openDriver } from "./postgres-driver.ts";
import { RECONNECT, type Worker } from "./cron-worker.ts";

interface QueuedRequest {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: Uint8Array | null;
  timeout_milliseconds: number;
}

/** The platform's settings: requests per batch, and the retention of responses. */
const BATCH = 200;
const RETENTION = "6 hours";

/**
 * Sends the requests of `net.http_get` and `net.http_post`, as the background worker of pg_net does: a
 * request leaves the queue before it is sent, so it is sent at most once, and its response or error is stored
 * in `net._http_response`.
 */
export function startNetWorker(url: string): Worker {
  const sql = openDriver(url, { max: 4, fetch_types: false, onnotice: () => {}, backoff: RECONNECT });
  const inFlight = new Set<Promise<void>>();
  let stopped = false;
  let round: Promise<void> = Promise.resolve();
  let rounds = 0;

  const timer = setInterval(() => round = round.then(tick).catch(report), 250);

  async function tick(): Promise<void> {
    if (stopped) return;
    const [exists] = await sql<
      { queue: string | null }[]
    >`select to_regclass('net.http_request_queue')::text as queue`;
    if (!exists?.queue) return;
    if (rounds++ % 240 === 0) {
      await sql`delete from net._http_response where created < now() - ${RETENTION}::interval`;
    }
    const requests = await sql<QueuedRequest[]>`
      delete from net.http_request_queue
      where id in (select id from net.http_request_queue order by id limit ${BATCH} for update skip locked)
      returning *
    `;
    for (const request of requests) {
      const sending = send(request).catch(report).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    }
  }

  async function send(request: QueuedRequest): Promise<void> {
    const answer = await exchange(request);
    await sql`
      insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
      values (${request.id}, ${answer.status ?? null}, ${answer.contentType ?? null},
        ${answer.headers ? sql.json(answer.headers) : null}, ${answer.content ?? null}, ${answer.timedOut},
        ${answer.error ?? null})
    `;
  }

  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await round.catch(() => {});
      await Promise.all(inFlight);
      await sql.end({ timeout: 5 });
    },
  };

  function report(error: unknown): void {
    if (!stopped) console.error("net:", error instanceof Error ? error.message : error);
  }
}

interface Answer {
  status?: number;
  contentType?: string;
  headers?: Record<string, string>;
  content?: string;
  timedOut: boolean;
  error?: string;
}

async function exchange(request: QueuedRequest): Promise<Answer> {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { "user-agent": "pg_net/0.20", ...request.headers },
      body: request.body ? Buffer.from(request.body) : null,
      redirect: "manual",
      signal: AbortSignal.timeout(request.timeout_milliseconds),
    });
    const contentType = response.headers.get("content-type");
    return {
      status: response.status,
      ...(contentType ? { contentType } : {}),
      headers: Object.fromEntries(response.headers),
      content: (await response.text()).replaceAll("\0", ""),
      timedOut: false,
    };
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return {
      timedOut,
      error: timedOut
        ? `Timeout of ${request.timeout_milliseconds} ms reached.`
        : cause instanceof Error
        ? cause.message
        : String(cause),
    };
  }
}
