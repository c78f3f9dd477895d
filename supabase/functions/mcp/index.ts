import { createCallerConnect } from "../_shared/database.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";

/** PUBLIC_URL is for a domain of one's own, and where the platform's variable is an address inside of its network. */
const projectUrl = Deno.env.get("PUBLIC_URL") || Deno.env.get("SUPABASE_PUBLIC_URL") ||
  Deno.env.get("SUPABASE_URL") || "";

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    projectUrl,
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
