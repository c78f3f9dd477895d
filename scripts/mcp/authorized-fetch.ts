import type { FetchLike } from "@modelcontextprotocol/client";
import type { Session } from "./session.ts";

/** The platform's limit for a request without a response is 150 s. */
const REQUEST_TIMEOUT_MS = 160_000;

/**
 * `fetch` with the session's access token. After 401 the request is sent once more with another token; the server has done
 * nothing of a request that it answers 401.
 */
export function createAuthorizedFetch(session: Session, send: FetchLike = fetch): FetchLike {
  const sendWith = (token: string, url: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    return send(url, { ...init, headers, signal });
  };
  return async (url, init) => {
    const token = await session.accessToken();
    const response = await sendWith(token, url, init);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    return await sendWith(await session.renew(token), url, init);
  };
}
