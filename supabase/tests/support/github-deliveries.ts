import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

// Deliveries of GitHub's webhook for tests: its documented examples, and requests as it sends them.

export interface Example {
  action?: string;
  [key: string]: unknown;
}

interface Definition {
  name: string;
  examples: Example[];
}

/** Every example of every event of api.github.com. */
export const DEFINITIONS = createRequire(import.meta.url)("@octokit/webhooks-examples") as Definition[];

export const examplesOf = (event: string): Example[] =>
  DEFINITIONS.find(({ name }) => name === event)?.examples ?? [];

/** The example of an opened pull request. */
export const OPENED: Example = examplesOf("pull_request").find(({ action }) => action === "opened") ?? {};

export const SECRET = "the-current-secret-of-the-webhook";
export const PREVIOUS = "the-previous-secret-of-the-webhook";
export const DELIVERY_ID = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

/** The value of `X-Hub-Signature-256`, or of its predecessor with `sha1`. */
export const sign = (body: string | Uint8Array, secret = SECRET, algorithm = "sha256"): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;

export interface Sent {
  /** Default `pull_request`; null for no header. */
  event?: string | null;
  /** Default: the right one; null for no header. */
  signature?: string | null;
  headers?: Record<string, string>;
}

/** A request as GitHub sends it. */
export function deliveryRequest(
  body: string | Uint8Array<ArrayBuffer>,
  { event, signature, headers }: Sent = {},
  url = "http://localhost/github-webhook",
): Request {
  const all: Record<string, string> = {
    "content-type": "application/json",
    "x-github-delivery": DELIVERY_ID,
    ...(event === null ? {} : { "x-github-event": event ?? "pull_request" }),
    ...(signature === null ? {} : { "x-hub-signature-256": signature ?? sign(body) }),
    ...headers,
  };
  return new Request(url, { method: "POST", body, headers: all });
}
