import { createAdminClient, createContextClient, verifyAuth } from "@supabase/server/core";
import type { SupabaseClient } from "@supabase/supabase-js";

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

/** Opens the Data API as whoever a token belongs to. */
export type Connect = (token: string) => SupabaseClient;

/**
 * Clients with the publishable key and a caller's access token: row security decides what they see and may do.
 * The token is not looked at here; the API checks it.
 *
 * @param timeoutMs a call is given up after this long
 */
export function createCallerConnect(timeoutMs: number): Connect {
  return (token) =>
    createContextClient({
      auth: { token },
      supabaseOptions: {
        global: {
          fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
        },
      },
    });
}

/** Whether a request comes with one of the project's secret keys in its header `apikey`, so from a server of ours. */
export const hasSecretKey = async (request: Request): Promise<boolean> =>
  (await verifyAuth(request, { auth: "secret:*" })).error === null;
