import { createServiceRpc } from "../_shared/database.ts";
import { logRequest } from "../_shared/log.ts";
import { parseSecrets } from "../_shared/secrets.ts";
import { createHandler } from "./handler.ts";
import { parseRepositorySecrets } from "./repository-secrets.ts";

const SECRETS = "GITHUB_WEBHOOK_SECRETS";
const REPOSITORY_SECRETS = "GITHUB_REPOSITORY_SECRETS";

export default {
  fetch: createHandler({
    secrets: () => parseSecrets(SECRETS, Deno.env.get(SECRETS)),
    repositorySecrets: () => parseRepositorySecrets(REPOSITORY_SECRETS, Deno.env.get(REPOSITORY_SECRETS)),
    ingest: createServiceRpc(2_500),
    store: createServiceRpc(1_500),
    log: logRequest,
    now: () => performance.now(),
    newId: () => crypto.randomUUID(),
  }),
};
