import { parseArgs, styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { type MasterKeys, parseMasterKeys } from "../../supabase/functions/_shared/encryption.ts";
import type { Database } from "../../supabase/types/database.ts";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { findProject } from "../project.ts";
import { rotateSecrets, type Rotation } from "./rotate-secrets.ts";

const HELP = `npm run secrets:rotate

Seals every stored secret with the newest master key that is sealed with an older one. Ctrl-C stops after the batch that is
under way; run it again to go on. Tokens can be set, used and removed all the while.

  SECRETS_MASTER_KEYS   the keys as the functions have them, newest first: <key id>:<base64>,<key id>:<base64>

Talks to the stack that \`npm start\` runs, or to any project:
  SUPABASE_URL=https://<ref>.supabase.co SUPABASE_SECRET_KEY=sb_secret_… SECRETS_MASTER_KEYS=… npm run secrets:rotate

Ends with 1 when a secret could not be opened, or when it was stopped. docs/secrets.md has the whole procedure.
`;

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  const masterKeys = readKeys();
  const { url, key } = findProject();
  const client = createClient<Database>(url, key, { auth: { persistSession: false } });
  const stop = new AbortController();
  // the second Ctrl-C ends the process at once, which loses nothing either
  process.once("SIGINT", () => stop.abort()).once("SIGTERM", () => stop.abort());
  const rotation = await rotateSecrets({ client, masterKeys, signal: stop.signal, progress: showProgress() });
  return tell(rotation, masterKeys);
});

function readKeys(): MasterKeys {
  const name = "SECRETS_MASTER_KEYS";
  try {
    return parseMasterKeys(name, process.env[name]);
  } catch (error) {
    throw new UserError(
      `${error instanceof Error ? error.message : error}.`,
      "Set it to what the functions have; `npm run secrets:key` prints a new key.",
    );
  }
}

/** A bar on a terminal, a line every second anywhere else; on standard error. */
function showProgress(): (done: number, total: number) => void {
  let told = 0;
  return (done, total) => {
    const { stderr } = process;
    if (stderr.isTTY) {
      const full = total === 0 ? 30 : Math.floor(30 * done / total);
      stderr.write(`\r${"█".repeat(full)}${"░".repeat(30 - full)} ${done} of ${total}`);
      if (done >= total) stderr.write("\n");
    } else if (done === total || performance.now() - told >= 1_000) {
      told = performance.now();
      stderr.write(`… ${done} of ${total}\n`);
    }
  };
}

function tell(rotation: Rotation, masterKeys: MasterKeys): boolean {
  const { resealed, changed, failed, isStopped, remaining } = rotation;
  const [current] = masterKeys;
  console.log(`${resealed} secrets are sealed with master key ${current.id} now.`);
  if (changed > 0) console.log(`${changed} were replaced or removed meanwhile.`);
  for (const { id, kind, userId, reason } of failed) {
    console.error(`${styleText("red", "✗")} ${kind} ${id} of user ${userId}: ${reason}`);
  }
  if (isStopped) console.log("Stopped. Run it again to go on.");
  for (const { keyId, count } of remaining) console.log(`Master key ${keyId} is needed by ${count} still.`);
  const needed = new Set(remaining.map(({ keyId }) => keyId));
  const idle = masterKeys.slice(1).map((key) => key.id).filter((id) => !needed.has(id));
  if (idle.length > 0) console.log(`No secret needs ${idle.join(", ")} any more.`);
  return failed.length === 0 && !isStopped;
}
