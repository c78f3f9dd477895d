import { createAdminClient, createContextClient, verifyAuth } from "@supabase/server/core";
import type { SupabaseClient } from "@supabase/supabase-js";

/**
 * The result of a call of a database function. `code` is the SQLSTATE, `PT…` for errors of ours, whose
 * `message` is their code.
 */
export type RpcResult =
  | { ok: true; data: unknown }
  | { ok: false; code: string; message: string; details?: string | null; hint?: string | null };

/** Calls a function of schema `public` in its own transaction. */
export type Rpc = (name: string, args: Record<string, unknown>) => Promise<RpcResult>;

/**
 * Database calls as the service role, with the secret key that the platform sets for every function.
 * supabase-js repeats a call whose response was lost, so the called function must tolerate that.
 *
 * @param timeoutMs time limit of a call
 * @param schema of the functions
 */
export function createServiceRpc(timeoutMs: number, schema = "public"): Rpc {
  const client = createAdminClient().schema(schema);
  return async (name, args) => {
    try {
      const { data, error } = await client.rpc(name, args).abortSignal(AbortSignal.timeout(timeoutMs));
      return error
        ? {
          ok: false,
          code: error.code || "unreachable",
          message: error.message,
          details: error.details,
          hint: error.hint,
        }
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

/** Opens the Data API as the owner of an access token. */
export type Connect = (token: string) => SupabaseClient;

/**
 * Clients with the publishable key and a caller's access token: row security decides what the caller may read
 * and write. The token is not verified here; the API does that.
 *
 * @param timeoutMs time limit of a call
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

/**
 * Whether the header `apikey` of a request has one of the project's secret keys, so that the caller is a
 * server of ours.
 */
export const hasSecretKey = async (request: Request): Promise<boolean> =>
  (await verifyAuth(request, { auth: "secret:*" })).error === null;
