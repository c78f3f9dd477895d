import { z } from "zod";

/** A delivery that is leased to this run, as `claim_deliveries` returns it. */
export const claimSchema = z.object({
  id: z.int(),
  fencing_token: z.int(),
  attempt: z.int(),
  kind: z.string(),
  endpoint_id: z.string().nullable(),
  body: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  /** When it was last about to be posted, of a reply. */
  sent_at: z.string().nullable(),
});
export const claimsSchema = z.array(claimSchema);
export type Claim = z.infer<typeof claimSchema>;

export type Channel = "webhook" | "slack" | "circle";

/** What an attempt came to. */
export type Outcome =
  | { kind: "delivered"; reference: string }
  | {
    kind: "failed";
    error: string;
    statusCode?: number | undefined;
    retryAfter?: number | undefined;
    /** False: something outside has to pass first, and the attempt does not count. Default: true. */
    isCounted?: boolean;
    /** There is no further attempt. */
    isFinal?: boolean;
  }
  /** The lease is somebody else's by now, or the delivery has ended, so nothing was done. */
  | { kind: "lost" };
