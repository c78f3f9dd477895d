import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { addedTo, differencesTo, loadIndex, unresolved } from "./agent-index.ts";
import { type Place, unreachable, withoutAncestors } from "./contained.ts";
import { isFolder, MAX_BYTES, type Repository, statOf } from "./objects.ts";
import { readablePath } from "./paths.ts";
import { loadLogs, textOf } from "./reflogs.ts";
import { linkIn, realPath, snapshot, type SnapshotOptions } from "./snapshot.ts";

const AGENT = "refs/fixloop/agent";
/** What marks an operation that has stopped half-way, with the name that it is told by. */
const OPERATIONS = { "rebase-merge": "rebase", "rebase-apply": "rebase" } as const;

/** References that say nothing of their own: notes, and what a rewrite of the history began with. */
const IGNORED = /^refs\/(notes|original|replace|bisect|rewritten|worktree)(\/|$)/;
/** References to what a server has. */
const REMOTE = /^refs\/(remotes|prefetch)\//;

/** The commits of a repository in one of ours. */
export interface Fetched {
  /** Null where it has none: it was deleted, or its branch has no commit yet. */
  head: string | null;
  /** The other side of a merge that was not committed. */
  merged: string | null;
  places: Place[];
  /** Commits that a command removed from a branch, and that nothing but the logs has. */
  removed: Place[];
  /** Commits that a command removed from a branch, or that another commit stands for. */
  rewritten: string[];
  /** Work in its worktrees that can't be in their commits, with its place. */
  lost: string[];
  /** The real paths of the worktrees that the agent added. */
  worktrees: Set<string>;
  /** The commits of its remote branches. */
  remotes: string[];
}

/** A repository that an agent may have written to: nothing is run in it. */
export interface Source {
  folder: string;
  /** Null for none. */
  gitDir: string | null;
  /** When the agent began, in seconds: what is older was not made by it. */
  since: number;
  /** Whether its objects are read where they are, and not copied. */
  isShared?: boolean;
  /** How its git converts line endings, as options. */
  config?: readonly string[];
}

/** Fetches everything that a repository refers to, and what only its logs have. */
export async function fetchAll(repo: Repository, source: Source): Promise<Fetched> {
  const { folder, gitDir } = source;
  const found: Fetched = {
    head: null,
    merged: null,
    places: [],
    removed: [],
    rewritten: [],
    lost: [],
    worktrees: new Set(),
    remotes: [],
  };
  if (gitDir === null || !isFolder(gitDir)) return found;
  const refs = await loadRefs(repo, folder);
  const named: Place[] = [...refs].filter(([name]) => name.startsWith("refs/heads/")).map((
    [name, commit],
  ) => ({
    name: `the branch ${name.slice("refs/heads/".length)}`,
    commit,
  }));
  const marked = [
    ...stashes(gitDir, refs.get("refs/stash")),
    ...[gitDir, ...foldersIn(join(gitDir, "worktrees"))].flatMap(unfinished),
  ];
  const trees = worktreesOf(gitDir, refs);
  const others = [...refs].filter(([name]) =>
    name !== "HEAD" && name !== "refs/stash" && !/^refs\/heads\//.test(name) && !REMOTE.test(name) &&
    !IGNORED.test(name)
  ).map(([name, commit]) => ({
    name: name.startsWith("refs/tags/")
      ? `the tag ${name.slice("refs/tags/".length)}`
      : `the reference ${name}`,
    commit,
  }));
  const logged = loadLogs(gitDir, (name) => refs.has(`refs/heads/${name}`));
  // a log may name commits that the repository has no more
  const existing = await commitsOf(repo, logged.all, join(gitDir, "objects"));
  for (const ids of Object.values(logged)) for (const id of ids) if (!existing.has(id)) ids.delete(id);
  found.head = refs.get("HEAD") ?? null;
  found.merged = commitIn(join(gitDir, "MERGE_HEAD"));
  found.remotes = [...refs].filter(([name]) => REMOTE.test(name)).map(([, id]) => id);
  if (!source.isShared) {
    await fetchCommits(
      repo,
      folder,
      new Set([
        ...found.remotes,
        ...[found.head, found.merged].filter((id) => id !== null),
        ...[...named, ...marked, ...trees, ...others].map(({ commit }) => commit),
        ...logged.all,
      ]),
    );
  }
  for (const tree of trees) found.worktrees.add(tree.folder);
  const owned = [...named];
  for (const place of marked) {
    owned.push(place.name.startsWith("the stash") ? await wholeStash(repo, place) : place);
  }
  for (const tree of trees) {
    const { place, lost } = await wholeWorktree(repo, tree, {
      gitDir,
      config: source.config ?? [],
      skipped: found.worktrees,
      since: source.since,
    });
    owned.push(place);
    found.lost.push(...lost.map((each) => `${each} of ${place.name}`));
  }
  // what a server has is nobody's lost work
  const known = [...found.remotes, ...found.head ? [found.head] : [], ...named.map(({ commit }) => commit)];
  const isOurs = (place: Dated): boolean => logged.made.has(place.commit) || place.time >= source.since;
  const removed = [...logged.removed];
  found.rewritten = [...removed, ...logged.replaced];
  const left = await unreachable(repo, [...logged.all], [...known, ...removed, ...logged.replaced]);
  const tagged = await dated(repo, others);
  found.places = [
    ...(await loose(repo, left)).filter(isOurs),
    ...tagged.filter(isOurs),
    ...owned,
  ];
  found.places = await withoutAncestors(repo, found.places, found.remotes);
  const gone = await unreachable(repo, removed, [...known, ...found.places.map(({ commit }) => commit)]);
  found.removed = (await loose(repo, gone)).filter(isOurs);
  return found;
}

/** The references of a repository, a tag as the commit that it is for. */
async function loadRefs(repo: Repository, folder: string): Promise<Map<string, string>> {
  const listed =
    (await repo.run(["ls-remote", "--", folder], { isLocal: true, keepBytes: MAX_BYTES })).stdout;
  return new Map(
    listed.split("\n").filter(Boolean).map((line) => {
      const [id = "", name = ""] = line.split("\t");
      return [name.replace(/\^\{\}$/, ""), id] as const;
    }),
  );
}

/** Those of some ids that are commits, also of a repository with these objects. */
async function commitsOf(repo: Repository, ids: Iterable<string>, objects?: string): Promise<Set<string>> {
  const input = [...ids].map((id) => `${id}\n`).join("");
  const { stdout } = await repo.run(["cat-file", "--batch-check"], {
    input,
    keepBytes: MAX_BYTES,
    ...(objects ? { objects } : {}),
  });
  return new Set(stdout.split("\n").flatMap((line) => line.match(/^(\w+) commit /)?.[1] ?? []));
}

async function fetchCommits(repo: Repository, folder: string, commits: ReadonlySet<string>): Promise<void> {
  if (commits.size === 0) return;
  const history = loadShallow(repo);
  await repo.run([
    ...["-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"],
    ...["--update-shallow", "--stdin", "--", folder],
  ], {
    isLocal: true,
    timeoutMs: 600_000,
    input: [...commits].map((id) => `+${id}:${AGENT}/${id}\n`).join(""),
  });
  await restoreShallow(repo, history);
}

interface Dated extends Place {
  /** In seconds since 1970. */
  time: number;
  /** The first line of the commit's message. */
  title: string;
}

/** Places with the times of their commits; without those that are not commits. */
async function dated(repo: Repository, places: readonly Place[]): Promise<Dated[]> {
  const commits = await commitsOf(repo, places.map(({ commit }) => commit));
  if (commits.size === 0) return [];
  const { stdout } = await repo.run(["log", "--no-walk=unsorted", "--stdin", "--format=%H %ct %s"], {
    input: [...commits].map((id) => `${id}\n`).join(""),
    keepBytes: MAX_BYTES,
  });
  const facts = new Map(
    stdout.split("\n").map((line) => {
      const [, id = "", time = "0", title = ""] = line.match(/^(\w+) (\d+) (.*)$/) ?? [];
      return [id, { time: Number(time), title: title.slice(0, 100) }] as const;
    }),
  );
  return places.flatMap((place) => {
    const fact = facts.get(place.commit);
    return fact ? [{ ...place, ...fact }] : [];
  });
}

/** Commits that no reference has, without those in the history of another one of them. */
async function loose(repo: Repository, commits: readonly string[]): Promise<Dated[]> {
  if (commits.length === 0) return [];
  const { stdout } = await repo.run(["merge-base", "--independent", ...commits]);
  const places = stdout.split("\n").filter(Boolean).map((commit) => ({ name: "", commit }));
  return (await dated(repo, places)).map((place) => ({
    ...place,
    name: `the commit ${place.commit.slice(0, 10)} "${place.title}"`,
  }));
}

/** The commits where our history ends. */
function loadShallow(repo: Repository): string[] {
  return textOf(join(repo.gitDir, "shallow")).split("\n").filter(Boolean);
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
  return textOf(file).match(/^[0-9a-f]{40,64}/)?.[0] ?? null;
}

/** The stash is a log: the reference is only its newest entry, and all that there is where nothing is logged. */
function stashes(dotGit: string, newest: string | undefined): Place[] {
  const logged = textOf(join(dotGit, "logs/refs/stash")).split("\n").flatMap((line) => {
    const [, commit, message = ""] = line.match(/^[0-9a-f]+ ([0-9a-f]{40,64}) [^\t]*\t?(.*)$/) ?? [];
    return commit ? [{ name: `the stash "${message}"`, commit }] : [];
  });
  return logged.length === 0 && newest ? [{ name: "the stash", commit: newest }] : logged;
}

function unfinished(dotGit: string): Place[] {
  const merging = commitIn(join(dotGit, "MERGE_AUTOSTASH"));
  const operations = Object.entries(OPERATIONS).flatMap(([folder, name]) => {
    const original = commitIn(join(dotGit, folder, "orig-head"));
    const stashed = commitIn(join(dotGit, folder, "autostash"));
    return [
      ...(original ? [{ name: `an unfinished ${name}`, commit: original }] : []),
      ...(stashed ? [{ name: `the stash of an unfinished ${name}`, commit: stashed }] : []),
    ];
  });
  return [...operations, ...merging ? [{ name: "the stash of an unfinished merge", commit: merging }] : []];
}

const foldersIn = (folder: string): string[] =>
  isFolder(folder) ? readdirSync(folder).map((name) => join(folder, name)).filter(isFolder) : [];

interface Worktree {
  /** Its real path, with a character per byte. */
  folder: string;
  commit: string;
  /** The folder of its own files in the repository. */
  gitDir: string;
}

/**
 * The worktrees of the agent's clone. Their paths are what the agent wrote: each counts only if the folder
 * refers back to the clone, so that no other folder of the worker's user is read.
 */
function worktreesOf(dotGit: string, refs: ReadonlyMap<string, string>): Worktree[] {
  return foldersIn(join(dotGit, "worktrees")).flatMap((own) => {
    const [path = "", head = ""] = ["gitdir", "HEAD"].map((file) => textOf(join(own, file), "latin1").trim());
    const commit = head.startsWith("ref: ") ? refs.get(head.slice("ref: ".length)) : head;
    // relative to what names it, where git was told to write them so
    const at = resolve(realPath(own), path);
    const file = Buffer.from(at, "latin1");
    if (!path || !commit || !statOf(file)?.isFile()) return [];
    const back = Buffer.from(resolve(dirname(at), linkIn(file)), "latin1");
    if (!existsSync(back) || realPath(back) !== realPath(own)) return [];
    return [{ folder: realPath(Buffer.from(dirname(at), "latin1")), commit, gitDir: own }];
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

/** A worktree with what is not committed in it, and what can't be. */
async function wholeWorktree(
  repo: Repository,
  { folder, commit, gitDir }: Worktree,
  options: Pick<SnapshotOptions, "config" | "gitDir" | "skipped" | "since">,
): Promise<{ place: Place; lost: string[] }> {
  const link = join(repo.gitDir, `worktree-${++count}`);
  symlinkSync(Buffer.from(folder, "latin1"), link);
  const indexFile = `${link}.index`;
  const index = await loadIndex(repo, gitDir);
  const entries = await repo.entries(commit);
  await repo.run(["read-tree", commit], { indexFile });
  await repo.updateIndex(differencesTo(index, entries), indexFile);
  const forced = new Set(addedTo(index, entries));
  const { tree, lost, leftOut } = await snapshot(repo, link, { ...options, indexFile, forced });
  const place = { name: `the worktree ${readablePath(folder).text}`, commit, leftOut };
  const isCommitted = tree === await repo.treeOf(commit);
  return {
    place: isCommitted
      ? place
      : { ...place, commit: await repo.commitTree(tree, [commit], `${place.name}\n`) },
    lost: [...unresolved(link, gitDir, index), ...lost],
  };
}
