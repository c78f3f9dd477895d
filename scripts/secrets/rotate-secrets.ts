import type { SupabaseClient } from "@supabase/supabase-js";
import {
  decryptSecret,
  encryptSecret,
  type MasterKeys,
  SecretError,
  type SecretErrorReason,
} from "../../supabase/functions/_shared/encryption.ts";
import type { Database } from "../../supabase/types/database.ts";
import { UserError } from "../local/user-error.ts";

export interface RotateOptions {
  /** As the service role. */
  client: SupabaseClient<Database>;
  masterKeys: MasterKeys;
  /** Secrets per statement. Default 100. */
  batchSize?: number;
  /** Stops after the current batch. */
  signal?: AbortSignal;
  progress?: (done: number, total: number) => void;
}

export interface Rotation {
  /** How many were re-encrypted with the newest key. */
  resealed: number;
  /** Replaced or removed meanwhile. */
  changed: number;
  /** Those that no key opens; they are left as they are. */
  failed: { id: string; kind: string; userId: string; reason: SecretErrorReason }[];
  isStopped: boolean;
  /** How many secrets each older key is still needed for. */
  remaining: { keyId: string; count: number }[];
}

/**
 * Re-encrypts with the newest master key every secret that is sealed with another one. A run that was interrupted at any
 * point is continued by the next one. Functions may read and write secrets meanwhile.
 *
 * @throws UserError when the database returns an error
 */
export async function rotateSecrets(options: RotateOptions): Promise<Rotation> {
  const { client, masterKeys, batchSize = 100, signal, progress = () => {} } = options;
  const current = masterKeys[0].id;
  const total = (await keysInUse(client, current)).reduce((sum, { count }) => sum + count, 0);
  const result: Rotation = { resealed: 0, changed: 0, failed: [], isStopped: false, remaining: [] };
  let after: string | null = null;
  let done = 0;
  progress(done, total);
  for (;;) {
    if (signal?.aborted) {
      result.isStopped = true;
      break;
    }
    const batch: Sealed[] = await nextBatch(client, current, after, batchSize);
    const last = batch.at(-1);
    if (!last) break;
    await rotateBatch(client, masterKeys, batch, result);
    after = last.id;
    done += batch.length;
    progress(done, Math.max(done, total));
  }
  result.remaining = await keysInUse(client, current);
  return result;
}

interface Sealed {
  id: string;
  user_id: string;
  kind: string;
  sealed: string;
}

async function nextBatch(
  client: SupabaseClient<Database>,
  current: string,
  after: string | null,
  size: number,
): Promise<Sealed[]> {
  return answer(
    await client.rpc("secrets_to_rotate", {
      current_key_id: current,
      ...(after === null ? {} : { after }),
      batch_size: size,
    }),
  );
}

async function rotateBatch(
  client: SupabaseClient<Database>,
  masterKeys: MasterKeys,
  batch: Sealed[],
  result: Rotation,
): Promise<void> {
  const ready: { id: string; sealed: string; resealed: string }[] = [];
  await Promise.all(batch.map(async ({ id, user_id: userId, kind, sealed }) => {
    const identity = { id, kind, ownerId: userId };
    try {
      const plaintext = await decryptSecret(masterKeys, identity, sealed);
      ready.push({ id, sealed, resealed: await encryptSecret(masterKeys, identity, plaintext) });
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      result.failed.push({ id, kind, userId, reason: error.reason });
    }
  }));
  const resealed = ready.length === 0 ? 0 : answer(await client.rpc("reseal_secrets", { secrets: ready }));
  result.resealed += resealed;
  result.changed += ready.length - resealed;
}

async function keysInUse(
  client: SupabaseClient<Database>,
  current: string,
): Promise<{ keyId: string; count: number }[]> {
  const counts = new Map<string, number>();
  for (const { key_id, secret_count } of answer(await client.rpc("secret_key_counts"))) {
    if (key_id !== current) counts.set(key_id, (counts.get(key_id) ?? 0) + secret_count);
  }
  return [...counts].map(([keyId, count]) => ({ keyId, count }));
}

function answer<T>({ data, error }: { data: T; error: { message: string } | null }): NonNullable<T> {
  if (error || data === null || data === undefined) {
    throw new UserError(
      `The database returned an error: ${error?.message || "no answer"}.`,
      "Secrets that are re-encrypted stay so. Run it again to continue.",
    );
  }
  return data;
}
