import { App, type EmailDriver } from "@supabase/lite";
import type { SupabaseConfig } from "../config.ts";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";
import { createPostgresConnection } from "../postgres-driver.ts";

// Fixes in @supabase/lite: the search path and lock timeout that the platform sets for `authenticator`.
// Unnecessary when: lite connects as `authenticator` and reads the catalog with another role.

/**
 * lite with the settings of `supabase/config.toml`, over a connection as the superuser.
 *
 * @param email what sends its mails
 */
export function createApp(url: string, config: SupabaseConfig, email?: EmailDriver): App {
  const connection = createPostgresConnection({
    url,
    postgresOptions: {
      max: 20,
      // seconds before a lost connection is opened again
      backoff: () => 0.1,
      onnotice: () => {},
      connection: { search_path: ["public", ...config.api.extra_search_path].join(", "), lock_timeout: 8000 },
    },
  });
  return new App({
    connection,
    ...(email ? { options: { drivers: { email } } } : {}),
    auth: {
      enabled: true,
      publishable_key: PUBLISHABLE_KEY,
      secret_key: SECRET_KEY,
      jwt_secret: JWT_SECRET,
      enable_signup: config.auth.enable_signup,
      enable_anonymous_sign_ins: config.auth.enable_anonymous_sign_ins,
      site_url: config.auth.site_url,
      additional_redirect_urls: config.auth.additional_redirect_urls,
      jwt_expiry: config.auth.jwt_expiry,
      enable_refresh_token_rotation: config.auth.enable_refresh_token_rotation,
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
