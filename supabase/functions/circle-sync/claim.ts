import { z } from "zod";

const readSchema = z.object({
  id: z.int(),
  fencing_token: z.int(),
  kind: z.enum(["room", "posts", "threads"]),
  chat_room_uuid: z.string().nullable(),
  post_space_id: z.int().nullable(),
  /** What the last run left for this one. */
  cursor: z.record(z.string(), z.unknown()),
});

/** What `claim_circle_reads` returns: rooms and spaces, each leased to a run of its own. */
export const claimSchema = z.object({
  /** The database's time, before anything is read. */
  now: z.string(),
  window_hours: z.int().positive(),
  first_read_hours: z.int().positive(),
  window_minutes: z.int().positive(),
  page_size: z.int().positive(),
  reads: z.array(readSchema),
});

export type Claim = z.infer<typeof claimSchema>;
export type Read = z.infer<typeof readSchema>;
export type ReadSettings = Omit<Claim, "reads">;
