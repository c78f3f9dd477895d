import type { Answer } from "./faults.ts";
import { answerGraphql } from "./github-graphql.ts";
import { type FakeRepo, type FakeUser, listEntry } from "./github-shapes.ts";
import { type FakeState, GithubError } from "./github-state.ts";

const DOCS = "https://docs.github.com/rest";

/** The answer for an error, in GitHub's form. */
export const errorAnswer = ({ status, message, errors }: GithubError): Answer => ({
  status,
  body: { message, ...(errors ? { errors } : {}), documentation_url: DOCS, status: String(status) },
});

/** Answers a request to the REST API. */
export function answerTo(
  state: FakeState,
  user: FakeUser | undefined,
  method: string,
  target: string,
  body: string,
): Answer {
  try {
    const { pathname, searchParams } = new URL(target, "http://github.invalid");
    return route(state, user, method, pathname, searchParams, body);
  } catch (error) {
    if (error instanceof GithubError) return errorAnswer(error);
    throw error;
  }
}

function route(
  state: FakeState,
  user: FakeUser | undefined,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): Answer {
  if (path === "/installation/repositories" && method === "GET") {
    if (!user) throw new GithubError(401, "Requires authentication");
    if (!isInstallation(user)) {
      throw new GithubError(
        403,
        "You must authenticate with an installation access token in order to list repositories.",
      );
    }
    const repositories = state.repos.filter((repo) => isMember(repo, user)).map((repo) =>
      state.repoJson(repo)
    );
    return { status: 200, body: { total_count: repositories.length, repositories } };
  }
  if (path === "/user" && method === "GET") {
    if (!user) throw new GithubError(401, "Requires authentication");
    if (isInstallation(user)) throw new GithubError(403, "Resource not accessible by integration");
    return { status: 200, body: state.userJson(user) };
  }
  if (path === "/user/repos" && method === "GET") {
    if (!user) throw new GithubError(401, "Requires authentication");
    return listRepos(state, user, query);
  }
  if (path === "/graphql" && method === "POST") return answerGraphql(state, user, parseBody(body));
  const [, owner, name, id, rest = "", number] =
    path.match(/^\/(?:repos\/([^/]+)\/([^/]+?)|repositories\/(\d+))(\/pulls(?:\/(\d+))?)?$/) ?? [];
  const repo = owner && name ? state.repo(owner, name) : state.repos.find((one) => String(one.id) === id);
  const moved = repo ?? (owner && name ? state.movedRepo(owner, name) : undefined);
  if (!moved || !mayRead(moved, user)) throw new GithubError(404, "Not Found");
  if (!repo) {
    const location = `${state.apiUrl()}/repositories/${moved.id}${rest}${query.size > 0 ? `?${query}` : ""}`;
    return { status: 301, body: { message: "Moved Permanently", url: location }, headers: { location } };
  }
  if (rest === "" && method === "GET") return { status: 200, body: state.repoJson(repo) };
  if (number !== undefined) {
    const at = [repo.owner, repo.name, Number(number)] as const;
    const pull = state.pull(...at);
    if (method === "GET") return { status: 200, body: state.pullJson(pull) };
    if (method === "PATCH") {
      requireWriter(repo, user);
      const { title, body: text, state: to } = parseBody(body);
      const changed = state.updatePull(...at, {
        ...(typeof title === "string" ? { title } : {}),
        ...(typeof text === "string" ? { body: text } : {}),
        ...(to === "open" || to === "closed" ? { state: to } : {}),
      });
      return { status: 200, body: state.pullJson(changed) };
    }
  } else if (rest === "/pulls") {
    if (method === "GET") return { status: 200, body: listPulls(state, repo, query) };
    if (method === "POST") return createPull(state, repo, requireWriter(repo, user), parseBody(body));
  }
  throw new GithubError(404, "Not Found");
}

/** Whether a token is an app's installation, and no person's. */
const isInstallation = ({ token }: FakeUser): boolean => token.startsWith("ghs_");

/** Whether a user is a member of a repository, and so may write to it. */
export const isMember = (repo: FakeRepo, user: FakeUser | undefined): boolean =>
  user !== undefined && repo.members.some((login) => login.toLowerCase() === user.login.toLowerCase());

/**
 * Whether a user may read a repository. A classic token without the scope `repo` can't read a private one.
 */
export function mayRead(repo: FakeRepo, user: FakeUser | undefined): boolean {
  if (!repo.isPrivate) return true;
  const isScoped = user !== undefined &&
    (user.token.startsWith("github_pat_") || isInstallation(user) || user.scopes.includes("repo"));
  return isScoped && isMember(repo, user);
}

function requireWriter(repo: FakeRepo, user: FakeUser | undefined): FakeUser {
  if (!user) throw new GithubError(401, "Requires authentication");
  if (!isMember(repo, user)) {
    throw new GithubError(403, "Resource not accessible by personal access token");
  }
  return user;
}

function parseBody(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new GithubError(400, "Problems parsing JSON");
}

/** The user's own repositories, in the order that was asked for; by default by name. */
function listRepos(state: FakeState, user: FakeUser, query: URLSearchParams): Answer {
  const sort = query.get("sort") ?? "full_name";
  const descending = (query.get("direction") ?? (sort === "full_name" ? "asc" : "desc")) === "desc";
  const key = (repo: FakeRepo): string =>
    sort === "full_name"
      ? `${repo.owner}/${repo.name}`.toLowerCase()
      : (sort === "created" ? repo.createdAt : repo.updatedAt).toISOString() + String(repo.id).padStart(9);
  const own = state.repos
    .filter((repo) => repo.owner.toLowerCase() === user.login.toLowerCase() && mayRead(repo, user))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1) * (descending ? -1 : 1));
  const { perPage, page } = pageOf(query);
  const last = Math.max(1, Math.ceil(own.length / perPage));
  const link = ([["prev", page - 1], ["next", page + 1], ["last", last], ["first", 1]] as const)
    .filter(([rel, to]) => to >= 1 && to <= last && (rel === "last" ? page < last : to !== page))
    .map(([rel, to]) => {
      const target = new URLSearchParams([...query].filter(([name]) => name !== "page"));
      target.set("page", String(to));
      return `<${state.apiUrl()}/user/repos?${target}>; rel="${rel}"`;
    }).join(", ");
  return {
    status: 200,
    body: own.slice((page - 1) * perPage, page * perPage).map((repo) => state.repoJson(repo)),
    headers: link ? { link } : {},
  };
}

const pageOf = (query: URLSearchParams) => ({
  perPage: Math.min(Number(query.get("per_page") ?? 30), 100),
  page: Math.max(Number(query.get("page") ?? 1), 1),
});

/** As at GitHub, a `head` without its owner is ignored. */
function listPulls(state: FakeState, repo: FakeRepo, query: URLSearchParams): unknown[] {
  const wanted = query.get("state") ?? "open";
  const [owner, head] = query.get("head")?.split(/:(.*)/s) ?? [];
  const { perPage, page } = pageOf(query);
  return state.pulls
    .filter((pull) =>
      pull.repo === repo && (wanted === "all" || pull.state === wanted) &&
      (head === undefined ||
        (pull.head.ref === head && repo.owner.toLowerCase() === owner?.toLowerCase())) &&
      (query.get("base") === null || pull.base.ref === query.get("base"))
    )
    .sort((a, b) => b.number - a.number)
    .slice((page - 1) * perPage, page * perPage)
    .map((pull) => listEntry(state.pullJson(pull)));
}

function createPull(
  state: FakeState,
  repo: FakeRepo,
  user: FakeUser,
  request: Record<string, unknown>,
): Answer {
  const { title, head, base, body, draft } = request;
  if (typeof title !== "string" || typeof head !== "string" || typeof base !== "string") {
    const missing = Object.entries({ title, head, base }).filter(([, value]) => typeof value !== "string");
    throw new GithubError(
      422,
      "Validation Failed",
      missing.map(([field]) => ({ resource: "PullRequest", field, code: "missing_field" })),
    );
  }
  const pull = state.openPull({
    owner: repo.owner,
    name: repo.name,
    title,
    head,
    base,
    body: typeof body === "string" ? body : null,
    isDraft: draft === true,
    login: user.login,
  });
  const json = state.pullJson(pull);
  return { status: 201, body: json, headers: { location: json.url } };
}
