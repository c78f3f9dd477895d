import { z } from "zod";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Call } from "../_shared/endpoint.ts";
import { type Failure, HttpError } from "../_shared/failure.ts";
import { hashForDatabase } from "../_shared/hashes.ts";
import { callbackUrl, clearCookie, readCookie } from "../_shared/oauth-cookie.ts";
import type { OAuthPlatform } from "../_shared/oauth-providers.ts";
import { loadProvider } from "../_shared/oauth-settings.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { ENDED, type Flow, storeGrant } from "./grant.ts";
import type { Dependencies } from "./handler.ts";

const claimedSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("unknown") }),
  z.object({
    outcome: z.enum(["claimed", "used", "expired", "other_browser", "other_platform", "ended_account"]),
    flow_id: z.string(),
    user_id: z.string(),
    platform: z.enum(["github", "youtube"]),
    scope: z.enum(["public", "private"]),
    return_to: z.string().nullable(),
  }),
]);

type Claimed = z.infer<typeof claimedSchema>;

const STATE_INVALID: Failure = {
  status: 400,
  code: "devpulse_oauth_state_invalid",
  message: "The state is unknown, or has been used.",
  hint: "Start again: POST to the function oauth-start.",
};

/** Why a state that exists is not accepted. */
const REFUSALS: Record<Exclude<Claimed["outcome"], "claimed" | "unknown">, Failure> = {
  used: STATE_INVALID,
  expired: {
    status: 400,
    code: "devpulse_oauth_state_expired",
    message: "The browser took longer than ten minutes to come back from the provider.",
    hint: "Start again.",
  },
  other_browser: {
    status: 403,
    code: "devpulse_oauth_browser_invalid",
    message: "This is not the browser that opened the flow, or it does not keep cookies.",
    hint: "Start again, and stay in one browser.",
  },
  other_platform: {
    status: 400,
    code: "devpulse_oauth_platform_invalid",
    message: "The answer came to the address of another provider.",
    hint: "Start again.",
  },
  ended_account: ENDED,
};

/**
 * The browser is back. As soon as the flow is known, the browser goes on to the app, whatever happens: with a code to
 * complete the connection, or with the code of an error.
 */
export async function comeBack(call: Call, deps: Dependencies, platform: OAuthPlatform): Promise<Response> {
  const { searchParams } = new URL(call.request.url);
  const [state = "", ...others] = searchParams.getAll("state");
  if (others.length > 0 || !/^[\w-]{43}$/.test(state)) throw new HttpError(STATE_INVALID);
  const cookie = { functionsUrl: deps.functionsUrl, platform, state };
  const verifier = readCookie(call.request, cookie) ?? "";
  const attempt = deps.newId();
  const claimed = await deps.rpc("claim_oauth_state", {
    state_hash: hashForDatabase(state),
    challenge: hashForDatabase(verifier),
    platform,
    attempt,
  });
  if (!claimed.ok) throw databaseFailure(claimed, call.details);
  const flow = claimedSchema.parse(claimed.data);
  if (flow.outcome === "unknown") throw new HttpError(STATE_INVALID);
  call.details.outcome = flow.outcome;
  const result = await resultOf(call, deps, flow, {
    parameters: searchParams,
    state,
    verifier,
    redirectUri: callbackUrl(deps.functionsUrl, platform),
    attempt,
  });
  // the address was removed from the list meanwhile
  if (flow.return_to === null) throw new HttpError(result.failure ?? RETURN_URL_INVALID);
  return redirect(flow.return_to, platform, result, clearCookie(cookie));
}

const RETURN_URL_INVALID: Failure = {
  status: 422,
  code: "devpulse_return_url_invalid",
  message: "The address to return to is no longer one of devpulse_settings.return_urls.",
  hint: "Start again with another one.",
};

type Result = { code: string; failure?: undefined } | { code?: undefined; failure: Failure };

async function resultOf(
  call: Call,
  deps: Dependencies,
  claimed: Exclude<Claimed, { outcome: "unknown" }>,
  answer: Parameters<typeof storeGrant>[2],
): Promise<Result> {
  if (claimed.outcome !== "claimed") return refused(call, REFUSALS[claimed.outcome]);
  const flow: Flow = {
    id: claimed.flow_id,
    userId: claimed.user_id,
    platform: claimed.platform,
    scope: claimed.scope,
  };
  try {
    const tools = {
      ...deps,
      provider: loadProvider(deps.provider, flow.platform),
      masterKeys: loadMasterKeys(deps.masterKeys),
      details: call.details,
    };
    return { code: await storeGrant(tools, flow, answer) };
  } catch (error) {
    if (error instanceof HttpError) return refused(call, error.failure);
    call.details.cause = error instanceof Error ? error.name : typeof error;
    return refused(call, FAILED);
  }
}

function refused({ details }: Call, failure: Failure): Result {
  details.code = failure.code;
  return { failure };
}

const FAILED: Failure = {
  status: 500,
  code: "function_unavailable",
  message: "The function failed.",
  hint: "Start again; if it fails again, report the request id.",
};

/** To an address of the app, which operators have listed: with codes, never with a secret. */
function redirect(returnTo: string, platform: OAuthPlatform, result: Result, cookie: string): Response {
  const url = new URL(returnTo);
  url.searchParams.set("platform", platform);
  if (result.failure) url.searchParams.set("error", result.failure.code);
  else url.searchParams.set("connection_code", result.code);
  return new Response(null, {
    status: 302,
    headers: { location: url.href, "set-cookie": cookie, "referrer-policy": "no-referrer" },
  });
}
