import { createHmac, randomUUID } from "node:crypto";
import type { FakeRepo } from "./github-shapes.ts";

/** The headers of a delivery, with the body's signatures by SHA-1 and SHA-256. */
export function deliveryHeaders(
  repo: Pick<FakeRepo, "id">,
  event: string,
  body: string,
  secret: string,
): Record<string, string> {
  const sign = (algorithm: string): string =>
    `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;
  return {
    accept: "*/*",
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0123abc",
    "x-github-delivery": randomUUID(),
    "x-github-event": event,
    "x-github-hook-id": "421731",
    "x-github-hook-installation-target-id": String(repo.id),
    "x-github-hook-installation-target-type": "repository",
    "x-hub-signature": sign("sha1"),
    "x-hub-signature-256": sign("sha256"),
  };
}
