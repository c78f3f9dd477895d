import { z } from "zod";
import type { Claim } from "./claim.ts";
import type { RunContext } from "./context.ts";
import type { AskAsUser } from "./github.ts";
import { readRepository, type Repository } from "./github-repository.ts";
import { accessForbidden, SyncStop } from "./stop.ts";
import { ValueReader } from "./values.ts";

const PER_PAGE = 100;
/** So many repositories are asked for one by one; more are looked for in the list of all first. */
const FEW = 3;

const storedSchema = z.object({ removed: z.number(), is_suspect: z.boolean(), left_out: z.number() });

/** What a run found out about repositories, in the form of `record_github_repositories`. */
class Findings {
  readonly repositories = new Map<number, Repository>();
  readonly unchanged = new Set<number>();
  readonly seen = new Set<number>();
  readonly gone = new Set<number>();
  readonly etags: { path: string; etag: string; resource_ids: number[]; has_next: boolean }[] = [];
  readonly droppedPaths = new Set<string>();
  readonly visitedPaths = new Set<string>();
  readonly resolved: { monitor_id: string; resource_id: string }[] = [];
  /** The whole list, once it was read to its end. */
  listed: number[] | null = null;
}

/**
 * Reads the repositories that monitors cover: the list of the user's own, a hundred per request, and others by
 * their ids. Each answer has an ETag; what GitHub answers with 304 costs nothing.
 *
 * @see https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user
 */
export async function syncRepositories(context: RunContext, ask: AskAsUser): Promise<void> {
  const observedAt = context.now().toISOString();
  const found = new Findings();
  let failure: unknown = null;
  try {
    await read(context, ask, found);
  } catch (error) {
    // what came before it is stored all the same
    failure = error;
  }
  await store(context, found, observedAt, failure === null && context.problem === null);
  if (failure !== null) throw failure;
}

async function read(context: RunContext, ask: AskAsUser, found: Findings): Promise<void> {
  const { monitors } = context.claim;
  const isAll = monitors.some(({ monitor_type }) => monitor_type === "all");
  const single = monitors.flatMap(({ id, monitor_type, platform_resource_id: resource }) =>
    monitor_type === "repository" && resource !== null ? [{ id, resource }] : []
  );
  let known = new Set<number>();
  if (isAll || single.length > FEW) {
    known = await readList(context, ask, found, isAll);
  }
  // ETags of what no monitor names any more
  const named = new Set(single.map(({ resource }) => `/repositories/${resource}`));
  for (const path of Object.keys(context.claim.etags)) {
    if (path.startsWith("/repositories/") && !named.has(path)) found.droppedPaths.add(path);
  }
  for (const { id, resource } of single) {
    await context.part(() => readSingle(context, ask, found, known, { id, resource }));
  }
  if (!isAll) keepOnly(found, new Set([...found.seen, ...idsOf(single), ...resolvedOf(found)]));
}

const idsOf = (single: { resource: string }[]): number[] =>
  single.flatMap(({ resource }) => /^\d+$/.test(resource) ? [Number(resource)] : []);
const resolvedOf = (found: Findings): number[] =>
  found.resolved.map(({ resource_id }) => Number(resource_id));

/** Of a list that was read to find a few repositories, only these count. */
function keepOnly(found: Findings, wanted: ReadonlySet<number>): void {
  for (const id of [...found.repositories.keys()]) if (!wanted.has(id)) found.repositories.delete(id);
  for (const id of [...found.unchanged]) if (!wanted.has(id)) found.unchanged.delete(id);
}

const pagePath = (page: number): string =>
  `/user/repos?affiliation=owner&sort=created&direction=desc&per_page=${PER_PAGE}&page=${page}`;

/** Reads the list of the user's own repositories, the newest first. Returns the ids in it. */
async function readList(
  context: RunContext,
  ask: AskAsUser,
  found: Findings,
  isAll: boolean,
): Promise<Set<number>> {
  const { etags, resources_limit: limit } = context.claim;
  const ids = new Set<number>();
  let isComplete = true;
  for (let page = 1;; page++) {
    const path = pagePath(page);
    const { pageIds, hasNext, isValid } = await readPage(context, ask, found, path);
    const before = ids.size;
    for (const id of pageIds) ids.add(id);
    const repeated = pageIds.length - (ids.size - before);
    context.count("duplicates", repeated);
    // one that moved to the next page meanwhile comes twice, and another one not at all
    if (repeated > 0 || !isValid) isComplete = false;
    // nothing new on it: more of these would follow without end
    if (repeated === pageIds.length && (repeated > 0 || hasNext)) {
      throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
    }
    if (ids.size >= limit && hasNext) context.count("left_out_pages");
    if (!hasNext || ids.size >= limit) break;
  }
  cut(context, found, ids, limit);
  if (!isComplete) context.note("devpulse_answer_invalid");
  else {
    // pages that the list no longer has
    for (const path of Object.keys(etags)) {
      if (path.startsWith("/user/repos?") && !found.visitedPaths.has(path)) found.droppedPaths.add(path);
    }
    if (isAll) found.listed = [...ids];
  }
  return ids;
}

/** What is beyond the limit is left out, and named. */
function cut(context: RunContext, found: Findings, ids: Set<number>, limit: number): void {
  for (const id of [...ids].slice(limit)) {
    ids.delete(id);
    found.repositories.delete(id);
    found.unchanged.delete(id);
    context.count("left_out");
  }
}

interface Page {
  pageIds: number[];
  hasNext: boolean;
  /** Whether every element and number of it could be read. */
  isValid: boolean;
}

async function readPage(context: RunContext, ask: AskAsUser, found: Findings, path: string): Promise<Page> {
  const stored = context.claim.etags[path];
  found.visitedPaths.add(path);
  const answer = await ask({ path, etag: stored?.etag ?? null });
  if (answer.kind === "unchanged" && stored) {
    context.count("unchanged_answers");
    for (const id of stored.resource_ids) found.unchanged.add(id);
    return { pageIds: stored.resource_ids, hasNext: stored.has_next, isValid: true };
  }
  found.droppedPaths.add(path);
  if (answer.kind === "not_seen") throw accessForbidden();
  if (answer.kind !== "ok" || !Array.isArray(answer.value)) {
    // 304 without an ETag of ours among them: asked again in full the next time
    throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
  }
  const values = new ValueReader();
  const repositories = answer.value.map((item) => readRepository(item, values));
  const readable = repositories.filter((one) => one !== null);
  requireOwner(context.claim, readable);
  const own = readable.find(({ ownerId }) => String(ownerId) === context.claim.platform_user_id);
  context.accountName = own?.ownerName ?? context.accountName;
  for (const { row } of readable) {
    found.repositories.set(row.github_repo_id, row);
    found.unchanged.delete(row.github_repo_id);
  }
  const pageIds = readable.map(({ row }) => row.github_repo_id);
  context.count("invalid_values", values.invalid);
  context.count("unreadable", repositories.length - readable.length);
  const isValid = values.invalid === 0 && readable.length === repositories.length;
  // without an ETag, what could not be read is asked for again
  if (isValid && answer.etag !== null && answer.etag.length <= 200) {
    found.droppedPaths.delete(path);
    found.etags.push({ path, etag: answer.etag, resource_ids: pageIds, has_next: answer.hasNext });
  }
  return { pageIds, hasNext: answer.hasNext, isValid: readable.length === repositories.length };
}

/** The list is the user's own repositories: another owner's would be those of another account. */
function requireOwner({ platform_user_id }: Claim, readable: { ownerId: number | null }[]): void {
  const owners = readable.flatMap(({ ownerId }) => ownerId === null ? [] : [String(ownerId)]);
  if (owners.length === 0 || owners.includes(platform_user_id)) return;
  throw new SyncStop({ code: "devpulse_account_conflict", kind: "failed", isCounted: true });
}

/** Reads one repository that a monitor names, by its id, or by its name until the id is known. */
async function readSingle(
  context: RunContext,
  ask: AskAsUser,
  found: Findings,
  known: ReadonlySet<number>,
  { id, resource }: { id: string; resource: string },
): Promise<void> {
  const isId = /^\d+$/.test(resource);
  if (isId && known.has(Number(resource))) return;
  const listed = isId
    ? undefined
    : [...found.repositories.values()].find(({ full_name }) =>
      full_name.toLowerCase() === resource.toLowerCase()
    );
  if (listed) {
    found.resolved.push({ monitor_id: id, resource_id: String(listed.github_repo_id) });
    return;
  }
  const path = isId
    ? `/repositories/${resource}`
    : `/repos/${resource.split("/").map(encodeURIComponent).join("/")}`;
  const stored = isId ? context.claim.etags[path] : undefined;
  const answer = await ask({ path, etag: stored?.etag ?? null });
  if (answer.kind === "unchanged" && stored) {
    context.count("unchanged_answers");
    found.unchanged.add(Number(resource));
    found.seen.add(Number(resource));
    return;
  }
  found.droppedPaths.add(path);
  if (answer.kind === "not_seen") {
    context.count("unseen");
    if (isId) found.gone.add(Number(resource));
    return;
  }
  const values = new ValueReader();
  const repository = answer.kind === "ok" ? readRepository(answer.value, values) : null;
  context.count("invalid_values", values.invalid);
  if (!repository || (isId && repository.row.github_repo_id !== Number(resource))) {
    throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
  }
  const { row } = repository;
  found.repositories.set(row.github_repo_id, row);
  found.seen.add(row.github_repo_id);
  if (!isId) found.resolved.push({ monitor_id: id, resource_id: String(row.github_repo_id) });
  if (
    isId && values.invalid === 0 && answer.kind === "ok" && answer.etag !== null && answer.etag.length <= 200
  ) {
    found.droppedPaths.delete(path);
    found.etags.push({ path, etag: answer.etag, resource_ids: [row.github_repo_id], has_next: false });
  }
}

async function store(
  context: RunContext,
  found: Findings,
  observedAt: string,
  isComplete: boolean,
): Promise<void> {
  const repositories = [...found.repositories.values()];
  const count = repositories.length + found.unchanged.size + found.gone.size;
  if (count === 0 && found.droppedPaths.size === 0 && found.listed === null) return;
  const payload = {
    observed_at: observedAt,
    repositories,
    unchanged_ids: [...found.unchanged],
    ...(found.listed === null ? {} : { listed_ids: found.listed }),
    seen_ids: [...found.seen],
    gone_ids: [...found.gone],
    etags: found.etags,
    dropped_paths: [...found.droppedPaths],
    resolved: found.resolved,
    is_complete: isComplete,
  };
  // an ETag that is dropped is nothing that was read
  const stored = storedSchema.parse(
    count > 0 || found.listed !== null
      ? await context.store("record_github_repositories", payload)
      : await context.call("record_github_repositories", { payload }),
  );
  context.count("repositories", repositories.length);
  context.count("unchanged", found.unchanged.size);
  context.count("removed", stored.removed);
  context.count("left_out", stored.left_out);
  if (stored.is_suspect) context.note("devpulse_list_invalid");
}
