import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Workspace } from "./clone.ts";
import { isFolder, type Repository } from "./objects.ts";
import { readablePath } from "./paths.ts";
import { linkIn, realPath, snapshot } from "./snapshot.ts";

/** Work outside the tree that the agent left. */
export interface Place {
  /** As `the branch mine`. */
  name: string;
  commit: string;
}

const AGENT = "refs/fixloop/agent";
/** What marks an operation that has stopped half-way, with the name that it is told by. */
const OPERATIONS = { "rebase-merge": "rebase", "rebase-apply": "rebase" } as const;

/** The agent's commits in our repository. */
export interface Fetched {
  /** Null where the agent's clone has none: it was deleted, or its branch has no commit yet. */
  head: string | null;
  /** The other side of a merge that was not committed. */
  merged: string | null;
  places: Place[];
  /** The real paths of the worktrees that the agent added. */
  worktrees: Set<string>;
}

/** Fetches everything that the agent's clone refers to: nothing is run in it. */
export async function fetchAgent(repo: Repository, space: Workspace): Promise<Fetched> {
  const dotGit = join(space.work, ".git");
  const found: Fetched = { head: null, merged: null, places: [], worktrees: new Set() };
  if (!isFolder(dotGit)) return found;
  const listed = (await repo.run(["ls-remote", "--", space.work], { isLocal: true })).stdout.split("\n");
  const refs = new Map(
    listed.filter(Boolean).map((line) => {
      const [id = "", name = ""] = line.split("\t");
      return [name, id] as const;
    }),
  );
  const named: Place[] = [...refs].filter(([name]) => name.startsWith("refs/heads/")).map((
    [name, commit],
  ) => ({
    name: `the branch ${name.slice("refs/heads/".length)}`,
    commit,
  }));
  const marked = [...stashes(dotGit), ...unfinished(dotGit)];
  const trees = worktreesOf(dotGit, refs);
  found.merged = commitIn(join(dotGit, "MERGE_HEAD"));
  const commits = new Set([
    ...[...refs].filter(([name]) => name === "HEAD" || /^refs\/(heads|remotes|stash)/.test(name)).map((
      [, id],
    ) => id),
    ...marked.map(({ commit }) => commit),
    ...trees.map(({ commit }) => commit),
    ...(found.merged ? [found.merged] : []),
  ]);
  if (commits.size > 0) {
    const history = loadShallow(repo);
    await repo.run([
      "-c",
      "fetch.fsckObjects=true",
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--update-shallow",
      "--stdin",
      "--",
      space.work,
    ], {
      isLocal: true,
      timeoutMs: 600_000,
      input: [...commits].map((id) => `+${id}:${AGENT}/${id}\n`).join(""),
    });
    await restoreShallow(repo, history);
  }
  found.head = refs.get("HEAD") ?? null;
  found.places.push(...named);
  for (const place of marked) {
    found.places.push(place.name.startsWith("the stash") ? await wholeStash(repo, place) : place);
  }
  for (const tree of trees) {
    found.worktrees.add(tree.folder);
    found.places.push(await wholeWorktree(repo, tree));
  }
  // what a server has is nobody's lost work
  const known = [...refs].filter(([name]) => name.startsWith("refs/remotes/")).map(([, id]) => id);
  found.places = await withoutAncestors(repo, found.places, known);
  return found;
}

/** The commits where our history ends. */
function loadShallow(repo: Repository): string[] {
  const file = join(repo.gitDir, "shallow");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}

/** An agent that fetched less history than we have does not make ours shorter. */
async function restoreShallow(repo: Repository, before: readonly string[]): Promise<void> {
  const kept: string[] = [];
  for (const commit of loadShallow(repo)) {
    if (before.includes(commit) || !await hasParents(repo, commit)) kept.push(commit);
  }
  writeFileSync(join(repo.gitDir, "shallow"), kept.map((commit) => `${commit}\n`).join(""));
}

async function hasParents(repo: Repository, commit: string): Promise<boolean> {
  const text = (await repo.run(["cat-file", "commit", commit])).stdout.split("\n\n")[0] ?? "";
  const parents = [...text.matchAll(/^parent (\w+)$/gm)].map(([, id = ""]) => id);
  const found = await Promise.all(
    parents.map((id) => repo.run(["cat-file", "-e", id], { accept: [1, 128] })),
  );
  return found.every(({ code }) => code === 0);
}

/** A commit's id in a file of a repository; null for none. */
function commitIn(file: string): string | null {
  if (!existsSync(file)) return null;
  return readFileSync(file, "utf8").match(/^[0-9a-f]{40,64}/)?.[0] ?? null;
}

/** The stash is a log: the reference is only its newest entry. */
function stashes(dotGit: string): Place[] {
  const log = join(dotGit, "logs/refs/stash");
  if (!existsSync(log)) return [];
  return readFileSync(log, "utf8").split("\n").flatMap((line) => {
    const [, commit, message = ""] = line.match(/^[0-9a-f]+ ([0-9a-f]{40,64}) [^\t]*\t?(.*)$/) ?? [];
    return commit ? [{ name: `the stash "${message}"`, commit }] : [];
  });
}

function unfinished(dotGit: string): Place[] {
  return Object.entries(OPERATIONS).flatMap(([folder, name]) => {
    const original = commitIn(join(dotGit, folder, "orig-head"));
    const stashed = commitIn(join(dotGit, folder, "autostash"));
    return [
      ...(original ? [{ name: `an unfinished ${name}`, commit: original }] : []),
      ...(stashed ? [{ name: `the stash of an unfinished ${name}`, commit: stashed }] : []),
    ];
  });
}

interface Worktree {
  /** Its real path, with a character per byte. */
  folder: string;
  commit: string;
}

/**
 * The worktrees of the agent's clone. Their paths are what the agent wrote: each counts only if the folder
 * refers back to the clone, so that no other folder of the worker's user is read.
 */
function worktreesOf(dotGit: string, refs: ReadonlyMap<string, string>): Worktree[] {
  const root = join(dotGit, "worktrees");
  if (!isFolder(root)) return [];
  return readdirSync(root).flatMap((name) => {
    const own = join(root, name);
    const [path = "", head = ""] = ["gitdir", "HEAD"].map((file) =>
      existsSync(join(own, file)) ? readFileSync(join(own, file), "latin1").trim() : ""
    );
    const commit = head.startsWith("ref: ") ? refs.get(head.slice("ref: ".length)) : head;
    const file = Buffer.from(path, "latin1");
    if (!path || !commit || !lstatSync(file, { throwIfNoEntry: false })?.isFile()) return [];
    const back = Buffer.from(linkIn(file), "latin1");
    if (!existsSync(back) || realPath(back) !== realPath(own)) return [];
    return [{ folder: realPath(Buffer.from(dirname(path), "latin1")), commit }];
  });
}

/** A stash as one commit: its files, and those that were untracked. */
async function wholeStash(repo: Repository, place: Place): Promise<Place> {
  const untracked = await repo.commitOf(`${place.commit}^3`);
  const base = await repo.commitOf(`${place.commit}^1`);
  if (!base) return place;
  const indexFile = join(repo.gitDir, "stash.index");
  await repo.run(["read-tree", place.commit], { indexFile });
  if (untracked) await repo.updateIndex(await repo.entries(untracked), indexFile);
  const tree = await repo.writeTree(indexFile);
  return { ...place, commit: await repo.commitTree(tree, [base], `${place.name}\n`) };
}

let count = 0;

/** A worktree with what is not committed in it. */
async function wholeWorktree(repo: Repository, { folder, commit }: Worktree): Promise<Place> {
  const link = join(repo.gitDir, `worktree-${++count}`);
  symlinkSync(Buffer.from(folder, "latin1"), link);
  const indexFile = `${link}.index`;
  await repo.run(["read-tree", commit], { indexFile });
  const { tree } = await snapshot(repo, link, { indexFile });
  const name = `the worktree ${readablePath(folder).text}`;
  if (tree === await repo.treeOf(commit)) return { name, commit };
  return { name, commit: await repo.commitTree(tree, [commit], `${name}\n`) };
}

/** Whether a merge of a commit would change nothing: all of its changes are in another one. */
export async function isContained(repo: Repository, commit: string, head: string): Promise<boolean> {
  if (await repo.isAncestor(commit, head)) return true;
  const merged = await repo.run(
    ["merge-tree", "--write-tree", "--allow-unrelated-histories", head, commit],
    { accept: [1] },
  );
  if (merged.code === 0) return merged.stdout.split("\n")[0] === await repo.treeOf(head);
  // a commit that was rewritten, and whose lines were changed again since
  const { stdout } = await repo.run(["cherry", head, commit]);
  return stdout.trim() !== "" && !/^\+/m.test(stdout);
}

async function withoutAncestors(
  repo: Repository,
  places: readonly Place[],
  commits: readonly string[],
): Promise<Place[]> {
  const kept: Place[] = [];
  for (const place of places) {
    const isKnown = await Promise.all(commits.map((commit) => repo.isAncestor(place.commit, commit)));
    if (!isKnown.includes(true)) kept.push(place);
  }
  return kept;
}

/** The places whose work is in none of some commits, nor in another of the places. */
export async function uncontained(
  repo: Repository,
  places: readonly Place[],
  commits: readonly string[],
): Promise<Place[]> {
  let left: Place[] = [];
  for (const place of places) {
    let isIn = false;
    for (const commit of commits) isIn ||= await isContained(repo, place.commit, commit);
    if (!isIn) left.push(place);
  }
  for (const place of [...left]) {
    for (const other of left) {
      if (other === place || !await isContained(repo, place.commit, other.commit)) continue;
      left = left.filter((each) => each !== place);
      break;
    }
  }
  return left;
}
