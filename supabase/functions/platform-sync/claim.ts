import { z } from "zod";

const etagSchema = z.object({
  etag: z.string(),
  /** GitHub's ids of the repositories in that answer. */
  resource_ids: z.array(z.int()),
  has_next: z.boolean(),
});

const monitorSchema = z.object({
  id: z.string(),
  monitor_type: z.enum(["repository", "channel", "user", "all"]),
  platform_resource_id: z.string().nullable(),
});

const claimSchema = z.object({
  run_id: z.int(),
  fencing_token: z.int(),
  /** Of the connection. */
  id: z.string(),
  user_id: z.string(),
  platform: z.enum(["github", "youtube", "devto"]),
  platform_user_id: z.string(),
  platform_username: z.string(),
  secret_id: z.string(),
  sealed: z.string(),
  token_expires_at: z.string().nullable(),
  /** What the last run left for this one. */
  cursor: z.record(z.string(), z.unknown()),
  /** How many repositories, videos or articles are read. */
  resources_limit: z.int().positive(),
  monitors: z.array(monitorSchema),
  /** By path, of GitHub's answers. */
  etags: z.record(z.string(), etagSchema),
  /** The videos that are stored. */
  video_ids: z.array(z.string()).nullable(),
});

/** What `claim_due_monitors` returns: connections, each leased to a run of its own. */
export const claimsSchema = z.array(claimSchema);

export type Claim = z.infer<typeof claimSchema>;
