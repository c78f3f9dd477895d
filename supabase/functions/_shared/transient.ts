import type { Rpc } from "./database.ts";

/**
 * SQLSTATEs of a deadlock and a lock timeout: the transaction was rolled back, and succeeds once the other
 * one has ended.
 */
const TRANSIENT: ReadonlySet<string | undefined> = new Set(["40P01", "55P03"]);
const MAX_TRIES = 3;

/** Whether an error ends by itself, so that the same call can be made again immediately. */
export const isTransient = (code: string | undefined): boolean => TRANSIENT.has(code);

/**
 * Makes a call again, up to three times in all, while it fails with a transient database error.
 *
 * @param codeOf the SQLSTATE of a failed result
 */
export async function retryTransient<T>(
  call: () => PromiseLike<T>,
  codeOf: (result: T) => string | undefined,
): Promise<T> {
  let result = await call();
  for (let tries = 1; tries < MAX_TRIES && isTransient(codeOf(result)); tries++) result = await call();
  return result;
}

/** Database calls that are made again after a transient error. */
export const withRetry = (rpc: Rpc): Rpc => (name, args) =>
  retryTransient(() => rpc(name, args), (result) => result.ok ? undefined : result.code);
