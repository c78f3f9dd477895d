import { createConnectionTokens, tokenDependencies } from "../_shared/connection-token.ts";
import { createServiceRpc, hasSecretKey } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import { createGithub } from "../_shared/github.ts";
import { logRequest } from "../_shared/log.ts";
import { createBudgets } from "../_shared/provider-budget.ts";
import { syncDevto } from "./devto.ts";
import { syncGithub } from "./github.ts";
import { createHandler } from "./handler.ts";
import { syncYoutube } from "./youtube-channel.ts";

const KEYS = "SECRETS_MASTER_KEYS";
const env = (name: string) => Deno.env.get(name);
const urlOf = (name: string, usual: string): string => (env(name) || usual).replace(/\/+$/, "");

const rpc = createServiceRpc(15_000);
const clock = () => Date.now();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const send: typeof fetch = (input, init) => fetch(input, init);
const github = createGithub({
  apiUrl: urlOf("GITHUB_API_URL", "https://api.github.com"),
  fetch: send,
  clock,
});
const youtube = { apiUrl: urlOf("GOOGLE_API_URL", "https://www.googleapis.com"), fetch: send };
const devto = { apiUrl: urlOf("DEVTO_API_URL", "https://dev.to/api"), fetch: send };

export default {
  fetch: createHandler({
    rpc,
    budgets: createBudgets({ rpc, sleep, clock }),
    masterKeys: () => parseMasterKeys(KEYS, env(KEYS)),
    tokenOf: createConnectionTokens(tokenDependencies(rpc, env)),
    platforms: {
      github: (context) => syncGithub(context, github),
      youtube: (context) => syncYoutube(context, youtube),
      devto: (context) => syncDevto(context, devto),
    },
    isServer: hasSecretKey,
    log: logRequest,
    clock,
    sleep,
    newId: () => crypto.randomUUID(),
  }),
};
