import { createCallerConnect } from "../_shared/database.ts";
import { logRequest } from "../_shared/log.ts";
import { createHandler } from "./handler.ts";

export default {
  fetch: createHandler({
    connect: createCallerConnect(10_000),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
