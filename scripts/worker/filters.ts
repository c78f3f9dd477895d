import type { Workspace } from "./clone.ts";
import { TaskFailure } from "./failure.ts";
import { join } from "node:path";
import { type Repository, SUBMODULE } from "./objects.ts";
import { readablePath } from "./paths.ts";

/**
 * Requires that no changed file is pushed past its filter (Git LFS, git-crypt …): the repository's attributes
 * say that git stores something else than the file's content. The filters that this worker runs have been run
 * when the files were added; what the agent committed itself may not have been, so it becomes one commit.
 *
 * @returns the commit to push
 * @throws TaskFailure `filter_untrusted`
 */
export async function requireFilters(
  repo: Repository,
  space: Workspace,
  head: string,
  trusted: readonly string[],
  message: string,
): Promise<string> {
  const target = await repo.commitOf(`refs/heads/${space.target}`) ?? space.start;
  const known = [space.start, ...target === space.start ? [] : [target]];
  const changed = new Map<string, Set<string>>();
  const note = (path: string, mode: string, id: string): void => {
    if (mode === SUBMODULE || mode === "120000" || /^0+$/.test(id)) return;
    changed.set(path, (changed.get(path) ?? new Set()).add(id));
  };
  for (
    const { path, to } of await repo.differences(await repo.treeOf(space.start), await repo.treeOf(head))
  ) {
    if (to) note(path, to.mode, to.id);
  }
  // also what a later commit of the agent removes again is pushed
  const logged = await repo.list([
    ...["log", "--format=", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none"],
    ...[head, "--not", space.start, target],
  ]);
  for (let at = 0; at + 1 < logged.length; at += 2) {
    const [, mode = "", , id = ""] = (logged[at] ?? "").trim().slice(1).split(" ");
    note(logged[at + 1] ?? "", mode, id);
  }
  if (changed.size === 0) return head;

  // what the attributes said before counts too: the agent may have removed them
  const paths = [...changed.keys()];
  const [before, after] = [await filtersOf(repo, space.start, paths), await filtersOf(repo, head, paths)];
  const existing = await repo.entries(space.start);
  const found = new Map<string, string>();
  for (const path of paths) {
    const [old, now] = [before.get(path), after.get(path)];
    // a new file may be excepted
    const filter = isFilter(now) ? now : now === undefined || existing.has(path) ? old : undefined;
    if (isFilter(filter)) found.set(path, filter);
  }
  for (const commit of known) await removeMoved(repo, commit, changed, found);
  // a trusted one was run if it is still the path's
  const refused = [...found].filter(([path, filter]) =>
    !trusted.includes(filter) || after.get(path) !== filter
  );
  if (refused.length > 0) {
    const names = refused.slice(0, 20).map(([path, filter]) => `${readablePath(path).text} (${filter})`);
    throw new TaskFailure(
      "filter_untrusted",
      "no",
      `Files with a filter were changed, which this worker does not run: ${names.join(", ")}.`,
    );
  }
  if (found.size === 0 || head === space.start) return head;
  const base = await repo.mergeBase(target, head);
  const parents = base && !await repo.isAncestor(base, space.start) ? [space.start, base] : [space.start];
  return await repo.commitTree(await repo.treeOf(head), parents, message);
}

const isFilter = (value: string | undefined): value is string =>
  value !== undefined && value !== "unset" && value !== "set";

/** Removes the paths whose contents a commit has there, or at a path with the same filter: they are through it. */
async function removeMoved(
  repo: Repository,
  commit: string,
  changed: ReadonlyMap<string, ReadonlySet<string>>,
  found: Map<string, string>,
): Promise<void> {
  const wanted = new Set([...found.keys()].flatMap((path) => [...changed.get(path) ?? []]));
  const entries = await repo.entries(commit);
  const files = [...entries].filter(([, { id }]) => wanted.has(id));
  const filters = await filtersOf(repo, commit, files.map(([path]) => path));
  const through = new Set(files.map(([path, { id }]) => `${filters.get(path)} ${id}`));
  for (const [path, filter] of found) {
    const ids = changed.get(path) ?? new Set<string>();
    const isThrough = (id: string): boolean => through.has(`${filter} ${id}`) || entries.get(path)?.id === id;
    if ([...ids].every(isThrough)) found.delete(path);
  }
}

/** The filter attributes of paths in a commit: a filter's name, or `set` or `unset`. */
async function filtersOf(
  repo: Repository,
  commit: string,
  paths: readonly string[],
): Promise<Map<string, string>> {
  const files = [...(await repo.entries(commit)).keys()];
  if (paths.length === 0 || !files.some((path) => /(^|\/)\.gitattributes$/.test(path))) return new Map();
  const indexFile = join(repo.gitDir, "attributes.index");
  await repo.run(["read-tree", commit], { indexFile });
  const answers = await repo.list(["check-attr", "--cached", "--stdin", "-z", "filter"], {
    indexFile,
    input: Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1"),
  });
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < answers.length; at += 3) {
    const value = answers[at + 2] ?? "";
    if (value !== "unspecified") found.set(answers[at] ?? "", value);
  }
  return found;
}
