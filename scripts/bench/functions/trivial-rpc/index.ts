import { createAdminClient } from "@supabase/server/core";
import { createHandler } from "./handler.ts";

const client = createAdminClient();

export default {
  fetch: createHandler({
    async one() {
      const { data, error } = await client.rpc("bench_one", {}).abortSignal(AbortSignal.timeout(10_000));
      if (error) throw new Error(error.message);
      return data;
    },
    log: console.log,
  }),
};
