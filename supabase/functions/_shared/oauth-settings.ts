import { loadSetting } from "./endpoint.ts";
import type { LoadProvider, OAuthPlatform, OAuthProvider } from "./oauth-providers.ts";

/** Loads a provider; throws 503 where we are not registered with it. */
export const loadProvider = (load: LoadProvider, platform: OAuthPlatform): OAuthProvider =>
  loadSetting(() => load(platform), {
    status: 503,
    code: "devpulse_oauth_client_unavailable",
    message: "The function is not registered with this provider.",
    hint: "Register an app at the provider, and set its client id and secret: supabase secrets set …",
  });
