import { createHash } from "node:crypto";

/**
 * The cookie that binds a flow to the browser that opened it: its value is the PKCE verifier. It is sent to the
 * callback of its platform only, and each flow has one of its own, so that two tabs don't disturb each other.
 */
export interface OAuthCookie {
  /** The base of the functions, as browsers see it. */
  functionsUrl: string;
  platform: string;
  state: string;
}

const LIFETIME_SECONDS = 600;

/** `Set-Cookie` for a verifier. */
export const setCookie = (cookie: OAuthCookie, verifier: string): string =>
  [`${nameOf(cookie)}=${verifier}`, `Max-Age=${LIFETIME_SECONDS}`, ...attributesOf(cookie)].join("; ");

/** `Set-Cookie` that removes it. */
export const clearCookie = (cookie: OAuthCookie): string =>
  [`${nameOf(cookie)}=`, "Max-Age=0", ...attributesOf(cookie)].join("; ");

/** The verifier that a browser sends back; undefined without one. */
export function readCookie(request: Request, cookie: OAuthCookie): string | undefined {
  const name = nameOf(cookie);
  const pairs = (request.headers.get("cookie") ?? "").split(/; */).map((pair) => pair.split("=", 2));
  const values = pairs.filter(([key]) => key === name).map(([, value]) => value);
  // two of one name: somebody has planted one
  return values.length === 1 && /^[\w-]{43}$/.test(values[0] ?? "") ? values[0] : undefined;
}

const isSecure = ({ functionsUrl }: OAuthCookie): boolean => functionsUrl.startsWith("https:");

/** A page of an insecure origin can't set a cookie whose name begins with `__Secure-`. */
const nameOf = (cookie: OAuthCookie): string =>
  `${isSecure(cookie) ? "__Secure-" : ""}fixloop-oauth-${
    createHash("sha256").update(cookie.state).digest("hex").slice(0, 16)
  }`;

const attributesOf = (cookie: OAuthCookie): string[] => [
  `Path=${new URL(callbackUrl(cookie.functionsUrl, cookie.platform)).pathname}`,
  "HttpOnly",
  // a redirect from the provider is a top-level navigation, which brings it
  "SameSite=Lax",
  ...isSecure(cookie) ? ["Secure"] : [],
];

/** The address to which a provider returns: one for each, so that an answer of one is not taken for another's. */
export const callbackUrl = (functionsUrl: string, platform: string): string =>
  `${functionsUrl}/oauth-callback/${platform}`;
