import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { addedTo, differencesTo, type IndexEntry, loadIndex, onlyIn, unresolved } from "./agent-index.ts";
import type { Workspace } from "./clone.ts";
import { type ChangedFile, describe } from "./describe.ts";
import { isContained, uncontained, unreachable } from "./contained.ts";
import { fetchAll, type Fetched } from "./elsewhere.ts";
import { failureOf, TaskFailure } from "./failure.ts";
import { requireFilters } from "./filters.ts";
import { type Git, GitError } from "./git.ts";
import {
  below,
  blobOf,
  type Entry,
  isSame,
  MAX_BYTES,
  openRepository,
  type Repository,
  statOf,
  SUBMODULE,
} from "./objects.ts";
import { cloneLineEndings } from "./line-endings.ts";
import { gitDirOf, isWithin, type Snapshot, snapshot } from "./snapshot.ts";

export type { ChangedFile } from "./describe.ts";

export interface Changes {
  /** The commit with all of the agent's work. */
  head: string;
  isEmpty: boolean;
  files: ChangedFile[];
  diff: string;
  patch: string;
  /** What the agent left in its clone and the commit does not contain, and why. */
  leftOut: string[];
  /** Where else than in the clone's tree the work was; null for there. */
  foundIn: string | null;
}

/**
 * Fetches the agent's work into our repository: its commits, and one more for uncommitted changes. Nothing is
 * run in the agent's clone, whose configuration could name programs.
 *
 * What the clone's tree contains is the result. If that is as it was, work on another branch, in a stash or in
 * a worktree is; work in more than one of these places is not chosen from.
 *
 * @throws TaskFailure `commit_failed`, `work_left_behind`, `filter_untrusted`, `changes_too_large`
 */
export async function collectChanges(
  git: Git,
  space: Workspace,
  message: string,
  trustedFilters: readonly string[] = [],
): Promise<Changes> {
  const repo = openRepository(git, space.gitDir);
  try {
    const { head: collected, leftOut, foundIn } = await collect(repo, space, message);
    const head = await requireFilters(repo, space, collected, trustedFilters, message);
    await repo.run(["update-ref", `refs/heads/${space.branch}`, head]);
    const target = await repo.commitOf(`refs/heads/${space.target}`) ?? space.start;
    const base = await repo.mergeBase(target, head) ?? space.start;
    const [before, after, fork] = await Promise.all([space.start, head, base].map(repo.treeOf));
    // a merge of the target alone is not a change of it; on a branch that exists, its push is one, and so is that
    // of commits that were rewritten
    const isRewritten = space.isContinued && !await repo.isAncestor(space.start, head);
    const isEmpty = (before === after && !isRewritten) || (fork === after && !space.isContinued);
    const described = await describe(repo, base, head, message);
    return { head, isEmpty, leftOut, foundIn, ...described };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw failureOf(error, "commit_failed", "yes");
  }
}

/** The files, diff and patch of a branch that is continued, as it is. */
export async function describeBranch(
  git: Git,
  space: Workspace,
  message: string,
): Promise<Pick<Changes, "head" | "files" | "diff" | "patch">> {
  const repo = openRepository(git, space.gitDir);
  const base = await repo.mergeBase(`refs/heads/${space.target}`, space.start) ?? space.start;
  return { head: space.start, ...await describe(repo, base, space.start, message) };
}

/** Whether a branch that is continued has a commit. */
export async function hasCommit(git: Git, space: Workspace, commit: string): Promise<boolean> {
  const repo = openRepository(git, space.gitDir);
  return await repo.commitOf(commit) !== null && await repo.isAncestor(commit, space.start);
}

/** The tree of the clone before the agent begins, and an index that knows its files' times. */
export async function takeBefore(
  git: Git,
  space: Pick<Workspace, "gitDir" | "work" | "start">,
): Promise<string> {
  const repo = openRepository(git, space.gitDir);
  await repo.run(["read-tree", space.start]);
  return (await snapshot(repo, space.work)).tree;
}

type Collected = Pick<Changes, "head" | "leftOut" | "foundIn">;

async function collect(repo: Repository, space: Workspace, message: string): Promise<Collected> {
  // an empty one has been moved away: who deletes all files leaves the repository
  if (!statOf(space.work)?.isDirectory() || readdirSync(space.work).length === 0) {
    throw new TaskFailure("commit_failed", "yes", "The agent left no working tree.");
  }
  const gitDir = gitDirOf(space.work);
  // the agent may have written the path of any repository of the worker's user
  if (gitDir !== null && !isWithin(gitDir, dirname(space.work))) {
    throw leftBehind(["in a repository outside of the task's folder"]);
  }
  const config = gitDir === null ? [] : await cloneLineEndings(repo, gitDir);
  const agent = await fetchAll(repo, { folder: space.work, gitDir, config, since: space.since });
  const index = gitDir === null ? [] : await loadIndex(repo, gitDir);
  const open = unresolved(space.work, gitDir, index);
  if (open.length > 0) throw leftBehind(open);
  const { tree, leftOut, lost } = await takeTree(repo, space, agent, { index, config });
  if (lost.length + agent.lost.length > 0) throw leftBehind([...lost, ...agent.lost]);

  const target = await repo.commitOf(`refs/heads/${space.target}`) ?? space.start;
  const given = [space.start, target, ...space.remoteBranch ? [space.remoteBranch] : []];
  const isMoved = await isOnlyMoved(repo, agent.head, tree, given);
  const isChanged = tree !== await repo.treeOf(space.start) && !isMoved;
  const head = await commitTree(repo, space, agent, tree, message);
  const places = await uncontained(repo, agent.places, [head, ...given]);
  const removed =
    (await uncontained(repo, agent.removed, [head, ...given, ...places.map(({ commit }) => commit)]))
      .map(({ name }) => `${name} (removed from its branch)`);
  const [place, ...others] = places;
  if (!isChanged && agent.head !== null && !await isGiven(repo, agent.head, given)) {
    // committed, and gone from the files without a commit
    if (tree !== await repo.treeOf(agent.head)) {
      throw leftBehind([`in the commit ${agent.head.slice(0, 10)}, which its files are without`]);
    }
  }
  const staged = await stagedOnly(repo, space, agent, index, tree);
  if (!isChanged && staged.length > 0) {
    throw leftBehind([
      ...places.map(({ name }) => `in ${name}`),
      ...staged.map((name) => `${name}, in the index`),
    ]);
  }
  const notTaken = [...removed, ...staged.map((name) => `${name} (a version that only the index has)`)];
  if (!place) {
    if (!isChanged && removed.length > 0) throw leftBehind(removed.map((each) => `in ${each}`));
    if (isMoved && agent.head !== null) await requireStart(repo, space, agent.head);
    if (await isWithoutBranch(repo, space, agent, head)) throw leftBehind([withoutBranch(space)]);
    return { head, leftOut: [...notTaken, ...leftOut], foundIn: null };
  }
  if (isChanged || others.length > 0) throw leftBehind(places.map(({ name }) => `in ${name}`));
  const found = await onTarget(repo, space, place.commit, message);
  if (await isWithoutBranch(repo, space, agent, found)) {
    throw leftBehind([`in ${place.name}`, withoutBranch(space)]);
  }
  return { head: found, leftOut: [...notTaken, ...place.leftOut ?? leftOut], foundIn: place.name };
}

/** What the agent added to its index only, in a version that its files and its commits do not have. */
async function stagedOnly(
  repo: Repository,
  space: Workspace,
  agent: Fetched,
  index: readonly IndexEntry[],
  tree: string,
): Promise<string[]> {
  const [files, head, start, before] = await Promise.all(
    [tree, agent.head ?? space.start, space.start, space.before].map(repo.entries),
  );
  return files && head && start && before ? onlyIn(index, files, head, [start, before]) : [];
}

/**
 * Requires that a clone with no changes is at a commit that has the one that it was at when the agent began.
 *
 * @throws TaskFailure `work_left_behind`
 */
async function requireStart(repo: Repository, space: Workspace, head: string): Promise<void> {
  const at = `at ${head.slice(0, 10)}`;
  if (await isBefore(repo, head, space.start)) {
    throw leftBehind([`${at}, a commit before the one that it got`]);
  }
  if (!space.isContinued || await repo.isAncestor(space.start, head)) return;
  throw leftBehind([`${at}, ${withoutBranch(space)}`]);
}

const withoutBranch = ({ branch }: Workspace): string => `without the commits that ${branch} had`;

/**
 * Whether a result would take commits out of the pull request that the agent neither rewrote nor removed: it left
 * the branch for another one.
 */
async function isWithoutBranch(
  repo: Repository,
  space: Workspace,
  agent: Fetched,
  head: string,
): Promise<boolean> {
  if (!space.isContinued || await isContained(repo, space.start, head)) return false;
  return (await unreachable(repo, [space.start], agent.rewritten)).length > 0;
}

const leftBehind = (places: readonly string[]): TaskFailure =>
  new TaskFailure(
    "work_left_behind",
    "yes",
    `The agent left work that the result would not contain: ${places.join("; ")}.`,
  );

const isBefore = async (repo: Repository, commit: string, start: string): Promise<boolean> =>
  commit !== start && await repo.isAncestor(commit, start);

/** Whether the clone is as it is at a commit that the repository had, so that nothing in it is the agent's. */
async function isOnlyMoved(
  repo: Repository,
  head: string | null,
  tree: string,
  given: readonly string[],
): Promise<boolean> {
  return head !== null && tree === await repo.treeOf(head) && await isGiven(repo, head, given);
}

/** Whether a commit is one of those that the repository had. */
async function isGiven(repo: Repository, commit: string, given: readonly string[]): Promise<boolean> {
  for (const known of given) if (await repo.isAncestor(commit, known)) return true;
  return false;
}

/** A commit of a tree: the agent's own, if that has it, else one after that. */
async function commitTree(
  repo: Repository,
  space: Workspace,
  agent: Fetched,
  tree: string,
  message: string,
): Promise<string> {
  const head = agent.head ? await onTarget(repo, space, agent.head, message) : space.start;
  const merged = agent.merged && !await repo.isAncestor(agent.merged, head) ? [agent.merged] : [];
  if (tree === await repo.treeOf(head) && merged.length === 0) return head;
  return await repo.commitTree(tree, [head, ...merged], message);
}

/** A commit that has history in common with the target; for any other one, a commit with its files that has. */
async function onTarget(
  repo: Repository,
  space: Workspace,
  commit: string,
  message: string,
): Promise<string> {
  for (const known of [space.start, `refs/heads/${space.target}`]) {
    if (await repo.mergeBase(known, commit)) return commit;
  }
  return await repo.commitTree(await repo.treeOf(commit), [space.start], message);
}

/** The files that the agent left, as a tree. */
async function takeTree(
  repo: Repository,
  space: Workspace,
  agent: Fetched,
  { index, config }: { index: readonly IndexEntry[]; config: readonly string[] },
): Promise<Snapshot> {
  const head = await repo.entries(agent.head ?? space.start);
  const start = await repo.entries(space.start);
  if (agent.head !== null && await repo.mergeBase(space.start, agent.head) !== null) {
    await repo.updateIndex(differencesTo(index, start));
  }
  const kept = new Set(index.map(({ path }) => path));
  const added = [...head].filter(([path, { mode }]) =>
    !start.has(path) && mode !== SUBMODULE && (index.length === 0 || kept.has(path))
  );
  const forced = new Set([...added.map(([path]) => path), ...addedTo(index, start)]);
  const taken = await snapshot(repo, space.work, {
    config,
    forced,
    skipped: agent.worktrees,
    since: space.since,
    submodules: await loadSubmodules(repo, space, [
      ...head,
      ...index.map((each) => [each.path, each] as const),
    ]),
  });
  const now = await repo.entries(taken.tree);
  const restored: [string, Entry | null][] = [];
  // left out of the working tree by a sparse checkout, not removed
  for (const { path, tag, mode, id } of index) {
    const isKnown = [head, start].some((entries) => isSame(entries.get(path), { mode, id }));
    if (tag === "S" && !now.has(path) && isKnown) {
      restored.push([path, { mode, id }]);
    }
  }
  // files that the clone itself makes look changed, by line endings or modes, and that the agent left so
  for (const { path, from, to } of await repo.differences(await repo.treeOf(space.start), space.before)) {
    const entry = now.get(path);
    if (isSame(entry, to) && !isSame(entry, head.get(path))) restored.push([path, from]);
  }
  const done = new Set(restored.map(([path]) => path));
  const inIndex = new Map(index.map((entry) => [entry.path, entry]));
  // files whose bytes are what they were, of which a filter, or a change of the mode, makes something else
  for (const { path, from, to } of await repo.differences(await repo.treeOf(space.start), taken.tree)) {
    if (!from || !to || from.id === to.id || done.has(path)) continue;
    if (isSame(to, head.get(path)) || isSame(to, inIndex.get(path))) continue;
    const file = below(space.work, path);
    const stat = statOf(file);
    if (stat?.isFile() && stat.size <= MAX_BYTES && blobOf(file) === from.id) {
      restored.push([path, { ...to, id: from.id }]);
    }
  }
  await repo.updateIndex(restored);
  return { ...taken, tree: restored.length > 0 ? await repo.writeTree() : taken.tree };
}

/** Submodules that the agent added: `.gitmodules` says where they can be fetched from. */
async function loadSubmodules(
  repo: Repository,
  space: Workspace,
  entries: readonly (readonly [string, Entry])[],
): Promise<Map<string, string>> {
  const file = join(space.work, ".gitmodules");
  if (!statOf(file)?.isFile()) return new Map();
  const { bytes } = await repo.run(
    ["config", "--file", file, "--null", "--get-regexp", "^submodule\\..*\\.path$"],
    { accept: [1] },
  );
  const paths = new Set(
    bytes.toString("latin1").split("\0").map((text) => text.slice(text.indexOf("\n") + 1)),
  );
  return new Map(
    entries.filter(([path, { mode }]) => mode === SUBMODULE && paths.has(path)).map((
      [path, { id }],
    ) => [path, id]),
  );
}
