import { Webhook } from "standardwebhooks";
import { z } from "zod";
import type { Rpc } from "../_shared/database.ts";
import { decryptSecret, type MasterKeys, SecretError } from "../_shared/encryption.ts";
import type { Claim, Outcome } from "./claim.ts";
import { post, type Poster } from "./post.ts";
import { toSlack } from "./slack.ts";

/** An endpoint with its secrets, as `load_webhook_endpoints` returns it. */
const endpointSchema = z.object({
  id: z.string(),
  kind: z.enum(["webhook", "slack"]),
  url: z.string(),
  is_active: z.boolean(),
  rests_until: z.string().nullable(),
  /** Those that were valid when it was loaded, the newest first. */
  secrets: z.array(z.object({ id: z.string(), sealed: z.string() })),
});
type Endpoint = z.infer<typeof endpointSchema>;

/** What a secret of an endpoint is sealed as: its key, or of Slack its URL. */
const SECRET_KIND = "webhook_endpoint";

export interface EndpointTools {
  rpc: Rpc;
  masterKeys: MasterKeys;
  poster: Poster;
  /** Milliseconds since 1970. */
  clock: () => number;
}

/** A receiver that did not answer once is left alone for a minute: each attempt takes its whole time limit. */
const SILENT: ReadonlySet<string> = new Set(["timeout", "unreachable", "host_unknown"]);

/** A receiver that has taken so long so often rests too: it would have all workers, and the others would wait. */
const SLOW_MS = 5_000;
const MAX_SLOW = 4;
const SLOW_REST_MS = 30_000;

/** For how long an endpoint that was loaded is used: a secret that is revoked signs nothing after that, in no run. */
const FRESH_MS = 5_000;

/** Delivers to endpoints: loads them with each batch, and remembers which are not to be asked. */
export class Endpoints {
  readonly #tools: EndpointTools;
  readonly #loaded = new Map<string, Endpoint & { loadedAt: number }>();
  readonly #restsUntil = new Map<string, number>();
  readonly #slowAnswers = new Map<string, number>();

  constructor(tools: EndpointTools) {
    this.#tools = tools;
  }

  /** Loads the endpoints of a batch. Returns false where the database does not answer. */
  async load(claims: readonly Claim[]): Promise<boolean> {
    const ids = [...new Set(claims.map(({ endpoint_id }) => endpoint_id))].filter((id) => id !== null);
    const answer = await this.#tools.rpc("load_webhook_endpoints", { ids });
    const rows = z.array(endpointSchema).safeParse(answer.ok ? answer.data : null);
    if (!rows.success) return false;
    const loadedAt = this.#tools.clock();
    for (const id of ids) this.#loaded.delete(id);
    for (const endpoint of rows.data) {
      this.#loaded.set(endpoint.id, { ...endpoint, loadedAt });
      const until = endpoint.rests_until === null ? 0 : Date.parse(endpoint.rests_until);
      this.#rest(endpoint.id, until);
    }
    return true;
  }

  async deliver(claim: Claim): Promise<Outcome> {
    const loaded = this.#loaded.get(claim.endpoint_id ?? "");
    if (loaded && this.#tools.clock() - loaded.loadedAt > FRESH_MS && !await this.load([claim])) {
      return { kind: "failed", error: "database", isCounted: false };
    }
    const endpoint = this.#loaded.get(claim.endpoint_id ?? "");
    if (!endpoint?.is_active) return { kind: "failed", error: "endpoint_disabled", isFinal: true };
    const rest = (this.#restsUntil.get(endpoint.id) ?? 0) - this.#tools.clock();
    if (rest > 0) {
      return {
        kind: "failed",
        error: "endpoint_rests",
        retryAfter: Math.ceil(rest / 1000),
        isCounted: false,
      };
    }
    const begunAt = this.#tools.clock();
    const outcome = await this.#send(endpoint, claim);
    const now = this.#tools.clock();
    if (outcome.kind === "failed") {
      const seconds = outcome.retryAfter ?? (SILENT.has(outcome.error) ? 60 : 0);
      this.#rest(endpoint.id, now + seconds * 1000);
    }
    if (now - begunAt > SLOW_MS) {
      const count = (this.#slowAnswers.get(endpoint.id) ?? 0) + 1;
      this.#slowAnswers.set(endpoint.id, count);
      if (count >= MAX_SLOW) this.#rest(endpoint.id, now + SLOW_REST_MS);
    }
    return outcome;
  }

  /** Until the latest of the times for which it is called. */
  #rest(id: string, until: number): void {
    this.#restsUntil.set(id, Math.max(until, this.#restsUntil.get(id) ?? 0));
  }

  async #send(endpoint: Endpoint, claim: Claim): Promise<Outcome> {
    const secrets = await this.#open(endpoint);
    const [newest] = secrets;
    if (newest === undefined) {
      // ours to repair, so it costs the delivery nothing
      return { kind: "failed", error: "secret_unavailable", retryAfter: 300, isCounted: false };
    }
    const { poster, clock } = this.#tools;
    if (endpoint.kind === "slack") {
      return await post(newest, JSON.stringify(toSlack(claim.payload)), {}, poster);
    }
    const body = JSON.stringify(claim.payload);
    return await post(endpoint.url, body, sign(secrets, `msg_${claim.id}`, clock(), body), poster);
  }

  async #open({ id, secrets }: Endpoint): Promise<string[]> {
    const { masterKeys } = this.#tools;
    const opened = await Promise.all(
      secrets.map((secret) =>
        decryptSecret(masterKeys, { id: secret.id, kind: SECRET_KIND, ownerId: id }, secret.sealed)
          .catch((error: unknown) => {
            if (error instanceof SecretError) return null;
            throw error;
          })
      ),
    );
    return opened.filter((secret) => secret !== null);
  }
}

/** The headers of Standard Webhooks: one signature per secret. The id is the same in all attempts. */
function sign(secrets: readonly string[], id: string, now: number, body: string): Record<string, string> {
  const at = new Date(now);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now / 1000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" "),
  };
}
