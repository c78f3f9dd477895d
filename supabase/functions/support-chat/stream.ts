/** An event of a stream, or a heartbeat. */
export type Send = (event: string, data: unknown) => void;

const HEARTBEAT_MS = 10_000;

/**
 * A response in the form of server-sent events. `work` goes on when the client has left; what it sends then goes nowhere.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function streamEvents(work: (send: Send) => Promise<void>, heartbeatMs = HEARTBEAT_MS): Response {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const write = (text: string): void => {
    try {
      controller?.enqueue(encoder.encode(text));
    } catch {
      controller = null;
    }
  };
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(opened) {
      controller = opened;
      heartbeat = setInterval(() => write(": waiting\n\n"), heartbeatMs);
    },
    cancel() {
      controller = null;
      clearInterval(heartbeat);
    },
  });
  void work((event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)).finally(() => {
    clearInterval(heartbeat);
    try {
      controller?.close();
    } catch {
      // the client has left
    }
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
  });
}

/** A text in pieces of some words each. */
export const piecesOf = (text: string): string[] => text.match(/[\s\S]{1,24}(?:\s+|$)|[\s\S]{1,24}/g) ?? [];
