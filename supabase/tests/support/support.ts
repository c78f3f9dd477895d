import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Project } from "../../../scripts/local/stack.ts";
import type { Database } from "../../types/database.ts";

export type SupportClient = SupabaseClient<Database, "support">;

/**
 * A client of schema support, as the seed's apps and the widget make one.
 *
 * @param key the publishable key for a visitor, the secret key for a server
 * @param address where the visitor calls from, as the proxy in front reports it
 */
export function supportClient(project: Project, key: string, address?: string): SupportClient {
  return createClient<Database, "support">(project.url, key, {
    db: { schema: "support" },
    auth: { persistSession: false, autoRefreshToken: false },
    global: { headers: address === undefined ? {} : { "x-forwarded-for": address } },
  });
}

export interface Visitor {
  client: SupportClient;
  sessionId: string;
  conversationId: string;
}

/** A visitor without an account who has started a conversation. */
export async function startVisitor(project: Project, address?: string): Promise<Visitor> {
  const client = supportClient(project, project.publishableKey, address);
  const { data, error } = await client.rpc("start_conversation");
  if (error) throw error;
  return { client, sessionId: data.session_id ?? "", conversationId: data.conversation_id ?? "" };
}

export interface SupportAnswer {
  status: number;
  body: string;
  headers: Headers;
}

export interface SupportRequest {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: BodyInit;
  token?: string;
  headers?: Record<string, string>;
}

/** A request to schema support: as nobody, or with a token. */
export async function askSupport(
  project: Project,
  method: string,
  path: string,
  { body, raw, token, headers }: SupportRequest = {},
): Promise<SupportAnswer> {
  const response = await fetch(`${project.url}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: project.publishableKey,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      "accept-profile": "support",
      "content-profile": "support",
      "content-type": "application/json",
      ...headers,
    },
    ...(raw !== undefined ? { body: raw } : body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.text(), headers: response.headers };
}
