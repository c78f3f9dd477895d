import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { openCircle } from "../../functions/_shared/open-circle.ts";
import { createHandler } from "../../functions/deliver/handler.ts";
import { rpcOf } from "./refresh-process.ts";

// A process of its own that makes one run of the edge function deliver, and can be killed.

const { SUPABASE_URL = "", SUPABASE_SECRET_KEY = "", SECRETS_MASTER_KEYS } = process.env;
const clock = () => Date.now();
const handler = createHandler({
  rpc: rpcOf(SUPABASE_URL, SUPABASE_SECRET_KEY),
  masterKeys: () => parseMasterKeys("SECRETS_MASTER_KEYS", SECRETS_MASTER_KEYS),
  poster: { fetch, resolve: () => Promise.resolve([]), allowsPrivate: true, clock, timeoutMs: 20_000 },
  openCircle: openCircle((name) => process.env[name]),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  isServer: () => Promise.resolve(true),
  log: () => {},
  clock,
  newId: () => crypto.randomUUID(),
});
const response = await handler(new Request("http://localhost/deliver", { method: "POST" }));
console.log(await response.text());
