/** What happens to the next matching requests instead of, or before, the usual answer. */
export interface Fault {
  method?: string;
  /** A part of the path, or a pattern for path and query. Default: any. */
  path?: string | RegExp;
  /** The number of requests. Default 1. */
  times?: number;
  /** Delays the answer, which is the usual one without `status`, `body` and `hangUp`. */
  delayMs?: number;
  status?: number;
  headers?: Record<string, string>;
  /** A string as text, anything else as JSON. */
  body?: unknown;
  /** Makes another body of the usual one. */
  change?: (body: unknown) => unknown;
  /** Sends only the first half of the usual body. */
  isTruncated?: boolean;
  /** Closes the connection instead of answering. */
  hangUp?: boolean;
}

/** A response of a fake. A string is sent as text, anything else as JSON. */
export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The fault that is meant for a request, which uses it up once; undefined for none. */
export function takeFault(
  faults: Fault[],
  method: string,
  path: string,
  isMeant: (fault: Fault) => boolean = () => true,
): Fault | undefined {
  const at = faults.findIndex((fault) =>
    isMeant(fault) && (fault.method === undefined || fault.method === method) &&
    (fault.path === undefined ||
      (typeof fault.path === "string" ? path.includes(fault.path) : fault.path.test(path)))
  );
  const fault = faults[at];
  if (!fault) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) faults.splice(at, 1);
  return fault;
}

/** Whether the fault replaces the usual answer. */
export const isInstead = (fault: Fault | undefined): fault is Fault =>
  fault !== undefined && (fault.status !== undefined || fault.body !== undefined);

/** The answer in place of the usual one. */
export const faultAnswer = ({ status = 200, body = "", headers = {} }: Fault): Answer => ({
  status,
  body,
  headers,
});

/** What a fault makes of the usual answer. */
export function distort(answer: Answer, fault: Fault | undefined): Answer {
  if (!fault || answer.body === undefined) return answer;
  const headers = { ...answer.headers, ...fault.headers };
  const body = fault.change ? fault.change(answer.body) : answer.body;
  if (!fault.isTruncated) return { ...answer, headers, body };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { ...answer, headers, body: text.slice(0, Math.floor(text.length / 2)) };
}
