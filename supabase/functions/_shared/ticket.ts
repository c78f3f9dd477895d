import { type Failure, HttpError } from "./failure.ts";
import { refuseOrigin } from "./origin.ts";

/** The database does not know the ticket, or there is none. */
export const TICKET_INVALID: Failure = {
  status: 401,
  code: "function_ticket_invalid",
  message: "The ticket is missing, unknown, used, or more than five minutes old.",
  hint: "Call with a secret key from a server.",
};

/**
 * The ticket of a request that the database sends, which checks it; null for a server's own, with a secret key. Throws 403 for
 * a page in a browser, and 401 for everybody else.
 */
export async function readTicket(
  request: Request,
  isServer: (request: Request) => Promise<boolean>,
): Promise<string | null> {
  refuseOrigin(request);
  const ticket = request.headers.get("x-fixloop-ticket");
  if (ticket === null && !await isServer(request)) throw new HttpError(TICKET_INVALID);
  return ticket;
}
