import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type { SupabaseConfig } from "../config.ts";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";

// Fixes in @supabase/lite: the search path and lock timeout that the platform sets for `authenticator`.
// Unnecessary when: lite connects as `authenticator` and reads the catalog with another role.

/** lite with the settings of `supabase/config.toml`, over a connection as the superuser. */
export function createApp(url: string, config: SupabaseConfig): App {
  const connection = createPostgresConnection({
    url,
    postgresOptions: {
      max: 20,
      onnotice: () => {},
      connection: { search_path: ["public", ...config.api.extra_search_path].join(", "), lock_timeout: 8000 },
    },
  });
  return new App({
    connection,
    auth: {
      enabled: true,
      publishable_key: PUBLISHABLE_KEY,
      secret_key: SECRET_KEY,
      jwt_secret: JWT_SECRET,
      enable_signup: config.auth.enable_signup,
      site_url: config.auth.site_url,
      additional_redirect_urls: config.auth.additional_redirect_urls,
      minimum_password_length: config.auth.minimum_password_length,
      email: { enable_signup: true, enable_confirmations: config.auth.email.enable_confirmations },
    },
    api: {
      enabled: true,
      schemas: config.api.schemas,
      extra_search_path: config.api.extra_search_path,
      max_rows: config.api.max_rows,
      // what `session_preload_libraries = safeupdate` does for `authenticator`
      pg_safe_update: true,
    },
  });
}

/** Creates the tables of schema `auth` in a database that has the platform's roles and schemas. */
export async function createAuthSchema(url: string, config: SupabaseConfig): Promise<void> {
  const app = createApp(url, config);
  await app.ensureSystemSchema();
  await app.connection.close();
}
