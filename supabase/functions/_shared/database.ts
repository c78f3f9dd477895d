import { createAdminClient } from "@supabase/server/core";

/** What a call of a database function came to. `code` is PostgREST's or the `PT…` message's, as in docs/error-codes.md. */
export type RpcResult = { ok: true; data: unknown } | { ok: false; code: string; message: string };

/** Calls one function of schema `public` in one transaction of its own. */
export type Rpc = (name: string, args: Record<string, unknown>) => Promise<RpcResult>;

/**
 * Database calls as the service role, with the secret key that the platform gives every function.
 * supabase-js repeats a call whose answer was lost, so what is called has to bear it.
 *
 * @param timeoutMs a call is given up after this long
 */
export function createServiceRpc(timeoutMs: number): Rpc {
  const client = createAdminClient();
  return async (name, args) => {
    try {
      const { data, error } = await client.rpc(name, args).abortSignal(AbortSignal.timeout(timeoutMs));
      return error
        ? { ok: false, code: error.code || "unreachable", message: error.message }
        : { ok: true, data };
    } catch (error) {
      return {
        ok: false,
        code: "unreachable",
        message: error instanceof Error ? error.message : String(error),
      };
    }
  };
}
