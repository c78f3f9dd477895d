import { createClient } from "@supabase/supabase-js";
import {
  createConnectionTokens,
  type StoredConnection,
  tokenDependencies,
} from "../../functions/_shared/connection-token.ts";
import type { Rpc } from "../../functions/_shared/database.ts";

// A process of its own that asks for a connection's token, as an edge function does, and prints the answer.

/** Database functions as the service role, over the Data API. */
export function rpcOf(url: string, secretKey: string): Rpc {
  const client = createClient(url, secretKey, { auth: { persistSession: false, autoRefreshToken: false } });
  return async (name, args) => {
    const { data, error } = await client.rpc(name, args);
    return error
      ? { ok: false, code: error.code || "unreachable", message: error.message }
      : { ok: true, data };
  };
}

if (import.meta.main) {
  const { SUPABASE_URL = "", SUPABASE_SECRET_KEY = "", CONNECTION = "" } = process.env;
  const tokenOf = createConnectionTokens(
    tokenDependencies(rpcOf(SUPABASE_URL, SUPABASE_SECRET_KEY), (name) => process.env[name]),
  );
  console.log(JSON.stringify(await tokenOf(JSON.parse(CONNECTION) as StoredConnection)));
}
