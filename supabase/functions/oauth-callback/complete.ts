import { z } from "zod";
import { identifyOwner } from "../_shared/caller.ts";
import { type Connection, connectionSchema } from "../_shared/connection.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Call } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { hashForDatabase } from "../_shared/hashes.ts";
import type { OAuthPlatform } from "../_shared/oauth-providers.ts";
import { revokeConnection, type SealedConnection, sealedSchema } from "../_shared/revoke-connection.ts";
import type { Dependencies } from "./handler.ts";

const completeSchema = z.object({ code: z.string().max(200), replace: z.boolean().nullish() });

/** What completing a connection answers. */
export interface Completed {
  connection: Connection;
  /** Whether the tokens of another account were revoked, which this connection replaces; null for none. */
  replaced: { revoked: boolean | null } | null;
}

/**
 * Completes a connection for the user who started it. Whoever was led into another person's flow has that person's
 * code, and their own access token: they are refused, and the flow ends.
 */
export async function complete(call: Call, deps: Dependencies, platform: OAuthPlatform): Promise<Completed> {
  const owner = await identifyOwner(call.request, deps.connect, platform);
  const body = completeSchema.safeParse(await call.readJson());
  if (!body.success) {
    throw new HttpError({
      status: 422,
      code: "devpulse_connection_body_invalid",
      message: "The body has to be {code}, and may have replace.",
      hint: "Send the connection_code that the browser returned with.",
    });
  }
  const { code, replace } = body.data;
  const before = replace && owner.connectionId ? await readStored(deps, owner.userId, platform, call) : null;
  const { data, error } = await owner.db.rpc("complete_connection", {
    platform,
    code_hash: hashForDatabase(code),
    replace: replace ?? false,
  });
  if (error) throw databaseFailure(error, call.details);
  if (data === null) {
    throw new HttpError({
      status: 404,
      code: "devpulse_connection_code_unknown",
      message: "The code is unknown, more than ten minutes old, or of another user's connection.",
      hint: "Start again, and complete it with the account that started it.",
    });
  }
  const connection = connectionSchema.parse(data);
  const isReplaced = before !== null && connection.id !== owner.connectionId;
  return { connection, replaced: isReplaced ? { revoked: await revokeConnection(deps, before) } : null };
}

async function readStored(
  deps: Dependencies,
  userId: string,
  platform: OAuthPlatform,
  { details }: Call,
): Promise<SealedConnection | null> {
  const read = await deps.rpc("read_secret", { user_id: userId, kind: `${platform}_connection` });
  if (!read.ok) throw databaseFailure(read, details);
  return z.array(sealedSchema).parse(read.data)[0] ?? null;
}
