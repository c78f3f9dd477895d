import type { MasterKeys } from "./encryption.ts";
import { loadSetting } from "./endpoint.ts";

/** Loads the master keys; throws 503 where none are set, or they are not valid. */
export const loadMasterKeys = (load: () => MasterKeys): MasterKeys =>
  loadSetting(load, {
    status: 503,
    code: "agents_secrets_unavailable",
    message: "The function has no valid master key.",
    hint: "Make one with `npm run secrets:key`, and set it: supabase secrets set SECRETS_MASTER_KEYS=…",
  });
