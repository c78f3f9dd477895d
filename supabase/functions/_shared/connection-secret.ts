import { z } from "zod";
import { decryptSecret, encryptSecret, type MasterKeys } from "./encryption.ts";

/** What a connection's secret contains. */
export interface ConnectionTokens {
  /** An access token, or an API key. */
  access_token: string;
  refresh_token?: string | undefined;
}

/** Whose secret it is: a ciphertext opens with the same identity only. */
export interface ConnectionIdentity {
  /** The row of `private.secrets`. */
  secretId: string;
  platform: string;
  userId: string;
}

const tokensSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
});

/** Both tokens in one ciphertext, so that a rotation replaces both or none. */
export const sealTokens = (
  masterKeys: MasterKeys,
  identity: ConnectionIdentity,
  { access_token, refresh_token }: ConnectionTokens,
): Promise<string> =>
  encryptSecret(masterKeys, secretOf(identity), JSON.stringify({ access_token, refresh_token }));

/**
 * Opens what `sealTokens` returned for the same identity.
 *
 * @throws SecretError
 */
export async function openTokens(
  masterKeys: MasterKeys,
  identity: ConnectionIdentity,
  sealed: string,
): Promise<ConnectionTokens> {
  return tokensSchema.parse(JSON.parse(await decryptSecret(masterKeys, secretOf(identity), sealed)));
}

const secretOf = ({ secretId, platform, userId }: ConnectionIdentity) => ({
  id: secretId,
  kind: `${platform}_connection`,
  ownerId: userId,
});
