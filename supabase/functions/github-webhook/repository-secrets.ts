/** A secret that is good for the deliveries of one repository. */
export interface RepositorySecret {
  /** `owner/name`, in lower case. */
  repository: string;
  secret: string;
}

/** Every one is tried for a signature that is not the webhook's own. */
const MAX_SECRETS = 20;
const MIN_LENGTH = 20;

/**
 * Parses `owner/name:<secret>`, comma-separated; none for a variable that is not set. A repository may have two, while it
 * moves to a new one.
 *
 * @throws Error that names the variable and what is wrong with it, never a secret
 */
export function parseRepositorySecrets(name: string, value: string | undefined): RepositorySecret[] {
  const entries = (value ?? "").split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  if (entries.length > MAX_SECRETS) throw new Error(`${name} has more than ${MAX_SECRETS} secrets`);
  return entries.map((entry) => {
    const [, repository, secret] = entry.match(/^([\w-]+\/[\w.-]+):(.*)$/) ?? [];
    if (repository === undefined || secret === undefined) {
      throw new Error(`${name} has an entry that is not owner/name:<secret>`);
    }
    if (secret.trim().length < MIN_LENGTH) {
      throw new Error(`${name} has a secret of fewer than ${MIN_LENGTH} characters`);
    }
    return { repository: repository.toLowerCase(), secret: secret.trim() };
  });
}
