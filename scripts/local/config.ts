import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { SUPABASE_DIR } from "./paths.ts";

/** The part of `supabase/config.toml` that the local stack uses; the CLI checks the rest. */
const configSchema = z.object({
  api: z.object({
    schemas: z.array(z.string()),
    extra_search_path: z.array(z.string()),
    max_rows: z.number().int(),
  }),
  auth: z.object({
    enable_signup: z.boolean(),
    site_url: z.string(),
    additional_redirect_urls: z.array(z.string()),
    jwt_expiry: z.number().int().default(3600),
    enable_refresh_token_rotation: z.boolean().default(true),
    minimum_password_length: z.number().int(),
    enable_anonymous_sign_ins: z.boolean().default(false),
    email: z.object({ enable_confirmations: z.boolean() }),
  }),
  functions: z.record(
    z.string(),
    z.object({
      enabled: z.boolean().default(true),
      verify_jwt: z.boolean().default(true),
      entrypoint: z.string().optional(),
    }),
  ).default({}),
});

export type SupabaseConfig = z.infer<typeof configSchema>;

/** Loads `supabase/config.toml`. */
export function loadConfig(): SupabaseConfig {
  return configSchema.parse(parse(readFileSync(join(SUPABASE_DIR, "config.toml"), "utf8")));
}
