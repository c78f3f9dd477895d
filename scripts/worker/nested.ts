import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { addedTo, type IndexEntry, loadIndex, unresolved } from "./agent-index.ts";
import { uncontained } from "./contained.ts";
import { fetchAll } from "./elsewhere.ts";
import { GitError } from "./git.ts";
import {
  below,
  blobOf,
  type Entry,
  isSame,
  openRepository,
  type Repository,
  statOf,
  SUBMODULE,
} from "./objects.ts";
import { textOf } from "./reflogs.ts";
import { gitDirOf, isWithin, type Snapshot, snapshot, type SnapshotOptions } from "./snapshot.ts";

export interface Inside extends Snapshot {
  /** The URL of one of its remotes; null for none. */
  remote: string | null;
  head: string | null;
  /** Whether its files are those of its head. */
  isClean: boolean;
  /** Whether its head is in a branch of its remote. */
  isPublished: boolean;
}

/** Instead of the URL of a repository that is not read. */
export const ELSEWHERE = "a repository elsewhere";

let count = 0;

/**
 * What is in a repository below a folder: its files, and work that is not among them: on other branches, in
 * stashes and so on. Its objects are read where they are: it may be a clone of anything, and a partial one.
 */
export async function inspect(
  repo: Repository,
  folder: string,
  path: string,
  options: SnapshotOptions,
): Promise<Inside> {
  const link = join(repo.gitDir, `nested-${++count}`);
  symlinkSync(below(folder, path), link);
  const outer = options.outer ?? folder;
  const gitDir = gitDirOf(link);
  // the agent may have written the path of any repository of the worker's user
  const isOurs = (place: string): boolean =>
    isWithin(place, outer) || (options.gitDir !== undefined && isWithin(place, options.gitDir));
  const shared = gitDir === null || !isOurs(gitDir) ? null : sharedBy(gitDir);
  const isReadable = gitDir !== null && shared !== null && isOurs(shared);
  let lost: string[] = [];
  let index: IndexEntry[] = [];
  try {
    if (isReadable) index = await loadIndex(repo, gitDir);
    lost = unresolved(link, isReadable ? gitDir : null, index);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    lost = ["in an index that git can't read"];
  }
  const files = await snapshot(repo, link, {
    indexFile: `${link}.index`,
    outer,
    forced: new Set(addedTo(index, new Map())),
    ...(options.gitDir ? { gitDir: options.gitDir } : {}),
    ...(options.skipped ? { skipped: options.skipped } : {}),
    ...(options.since === undefined ? {} : { since: options.since }),
  });
  files.lost.unshift(...lost);
  const none = { ...files, head: null, isClean: false, isPublished: false };
  if (!isReadable) return { ...none, remote: ELSEWHERE };
  const remote = remoteOf(shared);
  const scratch = `${link}.git`;
  try {
    await repo.git(["init", "--quiet", "--bare", "--template=", scratch]);
    symlinkSync(join(shared, "objects"), `${link}.objects`);
    writeFileSync(join(scratch, "objects/info/alternates"), `${repo.gitDir}/objects\n${link}.objects\n`);
    const shallow = textOf(join(shared, "shallow"));
    if (shallow) writeFileSync(join(scratch, "shallow"), shallow);
    const own = openRepository(repo.git, scratch);
    const fetched = await fetchAll(own, {
      folder: link,
      gitDir,
      since: options.since ?? 0,
      isShared: true,
    });
    const { head, remotes } = fetched;
    const state = await own.commitTree(files.tree, head ? [head] : [], "files\n");
    const known = [...head ? [head] : [], state, ...remotes];
    const places = await uncontained(own, fetched.places, known);
    const removed = await uncontained(own, fetched.removed, [
      ...known,
      ...places.map(({ commit }) => commit),
    ]);
    const published = await Promise.all(remotes.map((commit) => head && own.isAncestor(head, commit)));
    return {
      tree: files.tree,
      lost: [...files.lost, ...fetched.lost, ...places.map(({ name }) => `in ${name}`)],
      leftOut: [...files.leftOut, ...removed.map(({ name }) => `${name} (removed from its branch)`)],
      remote,
      head,
      isClean: head !== null && await isTreeOf(repo, scratch, head, link, files.tree),
      isPublished: published.includes(true),
    };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return { ...none, remote, lost: [...files.lost, "in what git can't read"] };
  }
}

/** The repository that a worktree is one of, where the folder of its files is a worktree's; else that folder. */
function sharedBy(gitDir: string): string {
  const common = textOf(join(gitDir, "commondir")).trim();
  return common ? resolve(gitDir, common) : gitDir;
}

/** The first URL in a repository's configuration, which is read as text: git would run what it names. */
function remoteOf(gitDir: string): string | null {
  const config = join(gitDir, "config");
  if (!statOf(config)?.isFile()) return null;
  const [, section = ""] = readFileSync(config, "utf8").match(/^\s*\[remote "[^\n]*\n([^[]*)/m) ?? [];
  return section.match(/^\s*url\s*=\s*(\S[^\n]*)/m)?.[1]?.trim() ?? null;
}

/** Whether files are those of a commit, also where line endings make them look changed. */
async function isTreeOf(
  repo: Repository,
  gitDir: string,
  commit: string,
  folder: string,
  tree: string,
): Promise<boolean> {
  const other = await repo.git(["--git-dir", gitDir, "ls-tree", "-r", "-z", "--full-tree", commit], {
    keepBytes: Number.MAX_SAFE_INTEGER,
  });
  const expected = new Map<string, Entry>(
    other.bytes.toString("latin1").split("\0").filter(Boolean).map((text) => {
      const [, mode = "", id = "", path = ""] = text.match(/^(\d+) \w+ (\w+)\t(.*)$/s) ?? [];
      return [path, { mode, id }] as const;
    }),
  );
  for (const [path, entry] of await repo.entries(tree)) {
    const wanted = expected.get(path);
    expected.delete(path);
    if (isSame(entry, wanted)) continue;
    if (!wanted || wanted.mode !== entry.mode || blobOf(below(folder, path)) !== wanted.id) return false;
  }
  // submodules that were not fetched are not files
  return [...expected.values()].every(({ mode }) => mode === SUBMODULE);
}
