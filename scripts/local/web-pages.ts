import { decodeJwt } from "jose";
import { SECRET_KEY } from "./keys.ts";
import { UserError } from "./user-error.ts";

// The development keys are in every copy of this stack, and any page that the developer opens can send a
// request to the loopback address. So a request has to show that no page of somebody else sent it: by its
// `Host`, which names the page's own host after DNS rebinding, and by its `Origin`, which a page can't leave
// out.

/** Names of this machine. `0.0.0.0` is not one: it reaches the loopback address, and pages use it for that. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Answers a request that a page of another host sent or may have sent: 421 when it names this server by a
 * name that is not this machine's, 403 when it uses a development key. `undefined` for any other request.
 *
 * @param hosts names besides those of the loopback address, without ports: `API_HOSTS`
 */
export function refusePages(request: Request, hosts: readonly string[]): Response | undefined {
  const isOurs = (url: string): boolean => {
    const name = hostnameOf(url);
    return name !== undefined && (LOOPBACK.test(name) || hosts.includes(name));
  };
  // the request's URL holds the name of a request line that has one
  for (const url of [`http://${request.headers.get("host") ?? ""}`, request.url]) {
    if (isOurs(url)) continue;
    const name = hostnameOf(url);
    return refusal(421, {
      code: "host_forbidden",
      message: `${name ?? "This host"} is not a name of the local stack.`,
      hint: `Use 127.0.0.1 or localhost, or start with API_HOSTS=${name ?? "<name>"} npm start`,
    });
  }
  const origin = request.headers.get("origin");
  // a page's request without `Origin`, such as that of an image
  const isForeign = origin === null
    ? request.headers.get("sec-fetch-site") === "cross-site"
    : !isOurs(origin);
  if (!isForeign || !usesDevelopmentKey(request)) return undefined;
  return refusal(403, {
    code: "origin_forbidden",
    message: `Pages of ${origin ?? "other sites"} may not use the development keys of the local stack.`,
    hint: "Call from a server, without the header Origin, or use the publishable key.",
  });
}

/** Whether what a request shows is known to everybody: the secret key, a token made with it, a webhook's. */
function usesDevelopmentKey(request: Request): boolean {
  const { pathname, searchParams } = new URL(request.url);
  // letter case does not matter where folders' names have none
  if (/^\/functions\/v1\/[^/]*-webhook(\/|$)/i.test(pathname)) return true;
  const shown = [
    request.headers.get("apikey"),
    request.headers.get("authorization"),
    ...searchParams.getAll("apikey"),
  ];
  return shown.some((value) =>
    value?.includes(SECRET_KEY) || isElevated(value?.match(/^Bearer +(.+)$/i)?.[1])
  );
}

/** Whether a token is for a role that no person has. Who checks its signature is behind this. */
function isElevated(token: string | undefined): boolean {
  // nothing else can name a role
  if (token?.split(".").length !== 3) return false;
  try {
    const { role } = decodeJwt(token.trim());
    return role !== undefined && role !== "anon" && role !== "authenticated";
  } catch {
    // what can't be read here, another reader may accept
    return true;
  }
}

/**
 * The names in `API_HOSTS`, as those of requests are compared with them: in lower case, without a scheme or a port.
 *
 * @throws UserError for what is not the name of a host
 */
export function parseHosts(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean).map((entry) => {
    const name = hostnameOf(entry.includes("://") ? entry : `http://${entry}`);
    if (name && !name.includes("*")) return name;
    throw new UserError(
      `API_HOSTS: ${entry} is not the name of a host.`,
      "Separate names by commas: API_HOSTS=fixloop.example,127.0.0.1.nip.io npm start",
    );
  });
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

const refusal = (status: number, body: { code: string; message: string; hint: string }): Response =>
  Response.json(body, { status });
