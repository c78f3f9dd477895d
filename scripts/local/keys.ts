/**
 * Development keys: the same fixed values that `supabase start` uses, so that a client moves between the two
 * unchanged. They only protect a server on the loopback address.
 */
export const PUBLISHABLE_KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";
export const SECRET_KEY = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";
export const JWT_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long";

/** The token in the Circle webhook's URL on a development stack. */
export const CIRCLE_WEBHOOK_SECRET = "local-circle-webhook-secret";

/** The secret that GitHub's webhook signs with on a development stack. */
export const GITHUB_WEBHOOK_SECRET = "local-github-webhook-secret";

/** The master key of a development stack, in the form of `SECRETS_MASTER_KEYS`. */
export const SECRETS_MASTER_KEYS = "local:bG9jYWwtbWFzdGVyLWtleS1vZi0zMi1ieXRlcyEhISE=";
