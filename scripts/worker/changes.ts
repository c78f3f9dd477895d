import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Workspace } from "./clone.ts";
import { type ChangedFile, describe } from "./describe.ts";
import { uncontained } from "./contained.ts";
import { fetchAll, type Fetched } from "./elsewhere.ts";
import { failureOf, TaskFailure } from "./failure.ts";
import { requireFilters } from "./filters.ts";
import { type Git, GitError } from "./git.ts";
import { below, type Entry, isSame, openRepository, type Repository, statOf, SUBMODULE } from "./objects.ts";
import { readablePath } from "./paths.ts";
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
    // a merge of the target alone is not a change of it; on a branch that exists, its push is one
    const isEmpty = before === after || (fork === after && !space.isContinued);
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
  const agent = await fetchAll(repo, { folder: space.work, gitDir, since: space.since });
  const index = gitDir === null ? [] : await loadIndex(repo, gitDir);
  requireResolved(space, gitDir, index);
  const { tree, leftOut, lost } = await takeTree(repo, space, agent, index);
  if (lost.length > 0) throw leftBehind(lost);

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
  if (!place) {
    if (!isChanged && removed.length > 0) throw leftBehind(removed.map((each) => `in ${each}`));
    const isBehind = isMoved && agent.head !== null && await isBefore(repo, agent.head, space.start);
    if (isBehind) throw leftBehind([`at ${agent.head?.slice(0, 10)}, a commit before the one that it got`]);
    return { head, leftOut: [...removed, ...leftOut], foundIn: null };
  }
  if (isChanged || others.length > 0) throw leftBehind(places.map(({ name }) => `in ${name}`));
  const found = await onTarget(repo, space, place.commit, message);
  return { head: found, leftOut: [...removed, ...leftOut], foundIn: place.name };
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

interface IndexEntry extends Entry {
  path: string;
  /** `S`: not in the tree, because the agent wants only a part of it there. */
  tag: string;
  stage: string;
}

/** The agent's own index: what it added, and what a merge left open. */
async function loadIndex(repo: Repository, dotGit: string): Promise<IndexEntry[]> {
  const file = join(dotGit, "index");
  if (!statOf(file)?.isFile()) return [];
  for (const name of readdirSync(dotGit).filter((each) => each.startsWith("sharedindex."))) {
    copyFileSync(join(dotGit, name), join(repo.gitDir, name));
  }
  const indexFile = join(repo.gitDir, "agent.index");
  copyFileSync(file, indexFile);
  const listed = await repo.list(["ls-files", "-t", "--stage", "-z"], { indexFile });
  return listed.map((text) => {
    const [, tag = "", mode = "", id = "", stage = "", path = ""] =
      text.match(/^(\S) (\d+) (\w+) (\d)\t(.*)$/s) ?? [];
    return { path, tag, mode, id, stage };
  });
}

/** Conflicts that are in files still, and patches that were not applied. */
function requireResolved(space: Workspace, gitDir: string | null, index: readonly IndexEntry[]): void {
  const open = [...new Set(index.filter(({ stage }) => stage !== "0").map(({ path }) => path))];
  const marked = open.filter((path) => {
    const file = below(space.work, path);
    return statOf(file)?.isFile() &&
      /^(<{7}|>{7}) /m.test(readFileSync(file, "latin1"));
  });
  const places = marked.map((path) => `conflicts in ${readablePath(path).text}`);
  if (gitDir !== null && existsSync(join(gitDir, "rebase-apply/applying"))) {
    places.push("in the patches of an unfinished git am");
  }
  if (places.length > 0) throw leftBehind(places);
}

/** The files that the agent left, as a tree. */
async function takeTree(
  repo: Repository,
  space: Workspace,
  agent: Fetched,
  index: readonly IndexEntry[],
): Promise<Snapshot> {
  const head = await repo.entries(agent.head ?? space.start);
  const start = await repo.entries(space.start);
  const added = [...head].filter(([path, { mode }]) => !start.has(path) && mode !== SUBMODULE);
  const forced = new Set([
    ...added.map(([path]) => path),
    ...index.filter(({ path, stage, mode }) => stage === "0" && mode !== SUBMODULE && !start.has(path))
      .map(({ path }) => path),
  ]);
  const taken = await snapshot(repo, space.work, {
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
    if (tag === "S" && !now.has(path) && isSame(head.get(path), { mode, id })) {
      restored.push([path, { mode, id }]);
    }
  }
  // files that the clone itself makes look changed, by line endings or modes, and that the agent left so
  for (const { path, from, to } of await repo.differences(await repo.treeOf(space.start), space.before)) {
    const entry = now.get(path);
    if (isSame(entry, to) && !isSame(entry, head.get(path))) restored.push([path, from]);
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
