import { TaskFailure } from "./failure.ts";

export interface RepositoryRules {
  /** Some of `https`, `http`, `ssh`, `file`. */
  protocols: readonly string[];
  /** Hosts, with their port where it is not the protocol's own. */
  hosts: readonly string[];
}

/** What a worker can be allowed to clone by. */
export const PROTOCOLS: readonly string[] = ["https", "http", "ssh", "file"];

/**
 * Checks the URL of a task's repository, which a user wrote: it must not be an option, another protocol
 * (`ext::` runs a command), a host inside the worker's network, or contain a password that would end up in
 * logs.
 *
 * @throws TaskFailure `no_repository`, `repository_refused`
 */
export function checkRepository(repoUrl: string | null, rules: RepositoryRules): URL {
  if (!repoUrl?.trim()) throw new TaskFailure("no_repository", "no", "The task names no repository.");
  const invalid = (why: string): TaskFailure => new TaskFailure("repository_refused", "no", why);
  const text = repoUrl.trim();
  // git@host:owner/name is git's short form of ssh://git@host/owner/name
  const short = text.match(/^([\w.-]+)@([\w.-]+):(?!\/)(\S+)$/);
  const url = URL.parse(short ? `ssh://${short[1]}@${short[2]}/${short[3]}` : text);
  // deno-lint-ignore no-control-regex
  if (!url || /[\s\u0000-\u001f]/.test(text)) throw invalid("The repository's URL is invalid.");
  const protocol = url.protocol.slice(0, -1);
  if (!PROTOCOLS.includes(protocol)) throw invalid(`No worker clones by ${protocol}.`);
  if (url.password || (url.username && protocol !== "ssh")) {
    throw invalid("The repository's URL contains credentials.");
  }
  if (url.search || url.hash) throw invalid("The repository's URL has a query or a fragment.");
  // another worker may have other settings; if none has, the task ends by its attempts
  const notHere = (why: string): TaskFailure =>
    new TaskFailure("repository_refused", "later", `This worker clones ${why}.`, { isUnsure: true });
  if (!rules.protocols.includes(protocol)) {
    throw notHere(`by ${rules.protocols.join(", ")} only, not by ${protocol}`);
  }
  if (protocol !== "file" && !rules.hosts.includes(url.host)) {
    throw notHere(`from ${rules.hosts.join(", ")} only, not from ${url.host}`);
  }
  return url;
}

/**
 * The origin of the web pages for an API: `https://github.com`, or the host of a GitHub Enterprise Server.
 */
export function githubOrigin(apiUrl: string): URL {
  const url = new URL(apiUrl);
  if (url.host === "api.github.com") return new URL("https://github.com");
  return new URL(url.origin);
}

/**
 * Owner and name of a repository on GitHub's own host; null for one elsewhere, whose names only the project
 * has. The URL that was pushed to counts: the user may have stored any other name in the project.
 */
export function namesOnGithub(url: URL, apiUrl: string): [owner: string, name: string] | null {
  const [, owner, name] = url.pathname.match(/^\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/) ?? [];
  return url.host === githubOrigin(apiUrl).host && owner && name ? [owner, name] : null;
}
