import { parseArgs, styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { type MasterKeys, parseMasterKeys } from "../../supabase/functions/_shared/encryption.ts";
import type { Database } from "../../supabase/types/database.ts";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { findProject } from "../project.ts";
import { rotateSecrets, type Rotation } from "./rotate-secrets.ts";

const HELP = `npm run secrets:rotate

Re-encrypts with the newest master key every stored secret that is sealed with an older one. Ctrl-C stops after the current
batch; run it again to continue. Tokens can be set, used and removed meanwhile.

  SECRETS_MASTER_KEYS   the keys that the functions have, newest first: <key id>:<base64>,<key id>:<base64>

Connects to the stack that \`npm start\` runs, or to any project:
  SUPABASE_URL=https://<ref>.supabase.co SUPABASE_SECRET_KEY=sb_secret_… SECRETS_MASTER_KEYS=… npm run secrets:rotate

Exits with 1 when a secret could not be opened, or when it was stopped. docs/secrets.md has the whole procedure.
`;

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  const masterKeys = readKeys();
  const { url, key } = await findProject();
  const client = createClient<Database>(url, key, { auth: { persistSession: false } });
  const stop = new AbortController();
  const interrupted = () => {
    console.error(
      "Stopping after the current batch. Ctrl-C again ends it immediately, which loses nothing either.",
    );
    stop.abort();
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const rotation = await rotateSecrets({ client, masterKeys, signal: stop.signal, progress: showProgress() });
  return reportRotation(rotation, masterKeys);
});

function readKeys(): MasterKeys {
  const name = "SECRETS_MASTER_KEYS";
  try {
    return parseMasterKeys(name, process.env[name]);
  } catch (error) {
    throw new UserError(
      `${error instanceof Error ? error.message : error}.`,
      "Set it to the functions' value; `npm run secrets:key` prints a new key.",
    );
  }
}

/** A bar on a terminal, a line every second anywhere else; on standard error. */
function showProgress(): (done: number, total: number) => void {
  let printedAt = -Infinity;
  return (done, total) => {
    const { stderr } = process;
    if (stderr.isTTY) {
      const full = total === 0 ? 30 : Math.floor(30 * done / total);
      stderr.write(`\r${"█".repeat(full)}${"░".repeat(30 - full)} ${done} of ${total}`);
      if (done >= total) stderr.write("\n");
    } else if (done === total || performance.now() - printedAt >= 1_000) {
      printedAt = performance.now();
      stderr.write(`… ${done} of ${total}\n`);
    }
  };
}

function reportRotation(rotation: Rotation, masterKeys: MasterKeys): boolean {
  const { resealed, changed, failed, isStopped, remaining } = rotation;
  const [current] = masterKeys;
  console.log(`${resealed} secrets are now sealed with master key ${current.id}.`);
  if (changed > 0) console.log(`${changed} were replaced or removed meanwhile.`);
  for (const { id, kind, userId, reason } of failed) {
    console.error(`${styleText("red", "✗")} ${kind} ${id} of user ${userId}: ${reason}`);
  }
  if (isStopped) console.log("Stopped. Run it again to continue.");
  for (const { keyId, count } of remaining) console.log(`Master key ${keyId} is still needed by ${count}.`);
  const needed = new Set(remaining.map(({ keyId }) => keyId));
  const idle = masterKeys.slice(1).map((key) => key.id).filter((id) => !needed.has(id));
  if (idle.length > 0) console.log(`No secret needs ${idle.join(", ")} any more.`);
  return failed.length === 0 && !isStopped;
}
