import type { z } from "zod";
import type { Rpc } from "./database.ts";
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

/**
 * Leases to a run what is due, by the database function that checks its ticket. Throws 401 for a ticket that it rejects, and
 * `unavailable`, with the reason as its details, where it returns nothing that can be used.
 */
export async function claimDue<T>(
  rpc: Rpc,
  name: string,
  args: { ticket: string | null; batch_size: number },
  schema: z.ZodType<T>,
  unavailable: Failure,
): Promise<T> {
  const claimed = await rpc(name, args);
  if (!claimed.ok && claimed.code === "PT401") throw new HttpError(TICKET_INVALID);
  const parsed = schema.safeParse(claimed.ok ? claimed.data : null);
  if (parsed.success) return parsed.data;
  throw new HttpError({ ...unavailable, details: claimed.ok ? "unexpected result" : claimed.code });
}
