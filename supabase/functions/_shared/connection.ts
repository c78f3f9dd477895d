import { z } from "zod";

/** A connection as the functions of the database describe it: no handle, no token. */
export const connectionSchema = z.object({
  id: z.string(),
  platform: z.string(),
  platform_user_id: z.string(),
  platform_username: z.string(),
  status: z.string(),
  status_reason: z.string().nullable(),
  is_active: z.boolean(),
  token_expires_at: z.string().nullable(),
  scopes: z.array(z.string()).nullable(),
  last_synced_at: z.string().nullable(),
});

export type Connection = z.infer<typeof connectionSchema>;

/** What a provider granted, as it is stored with the sealed tokens. */
export interface StoredAccount {
  platform_user_id: string;
  platform_username: string;
  /** ISO 8601; null for a token that does not expire. */
  token_expires_at: string | null;
  has_refresh_token: boolean;
  metadata: { scopes: string[] | null };
}
