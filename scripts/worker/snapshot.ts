import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ELSEWHERE, inspect } from "./nested.ts";
import { below, type Entry, isFolder, type Repository, statOf, SUBMODULE } from "./objects.ts";
import { readablePath } from "./paths.ts";

export interface Snapshot {
  tree: string;
  /** What is not in the tree, and why, for the task's owner. */
  leftOut: string[];
  /** Work that can't be in the tree, with its place. */
  lost: string[];
}

export interface SnapshotOptions {
  indexFile?: string;
  /** Folders below that are looked at elsewhere: worktrees, by their real path. */
  skipped?: ReadonlySet<string>;
  /** Ignored files that were added all the same. */
  forced?: ReadonlySet<string>;
  /** Paths that may be submodules in the result, with their commits. */
  submodules?: ReadonlyMap<string, string>;
  /** The ignore file and attributes of the folder around this one. */
  outer?: string;
  /** Options of git: how the folder's own git converts line endings. */
  config?: readonly string[];
  /** A repository elsewhere that this folder is a worktree of, with those of its submodules. */
  gitDir?: string;
  /** When the agent began, in seconds since 1970. */
  since?: number;
}

/**
 * Writes the files of a folder as a tree, over what the index contains. Nothing in the folder is run: git
 * is not called in a repository in it, whose configuration could name programs.
 *
 * Files of a repository that was created in the folder become files of the tree; those of a clone that is
 * as it was cloned are left out.
 */
export async function snapshot(
  repo: Repository,
  folder: string,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const { indexFile, skipped = new Set(), submodules = new Map<string, string>() } = options;
  const call = { ...(indexFile ? { indexFile } : {}), cwd: folder, timeoutMs: 600_000 };
  const config = [
    ...options.outer
      ? [
        "-c",
        `core.excludesFile=${options.outer}/.gitignore`,
        "-c",
        `core.attributesFile=${options.outer}/.gitattributes`,
      ]
      : [],
    ...options.config ?? [],
  ];
  const over = [...config, "--work-tree", folder];
  const found: Snapshot = { tree: "", leftOut: [], lost: [] };

  const note = (name: string, inside: Snapshot): void => {
    found.leftOut.push(...inside.leftOut.map((each) => `${name}/${each}`));
    found.lost.push(...inside.lost.map((each) => `${each} of ${name}`));
  };

  const inPlace = await removeMissingSubmodules(repo, folder, indexFile);
  const untracked = await repo.list([...over, "ls-files", "--others", "--exclude-standard", "-z"], call);
  const nested = untracked.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1));
  const excluded = [...inPlace.keys(), ...nested].map((path) => `:(exclude,literal)${path}`);
  const added = await repo.run([...over, "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"], {
    ...call,
    input: Buffer.from([".", ...excluded].join("\0"), "latin1"),
  });
  // git cuts a message that is too long
  for (
    const [, path = ""] of added.stderr.matchAll(/^warning: could not open directory '(.*?)(?:': .*)?$/gm)
  ) {
    found.lost.push(`in the folder ${path.slice(0, 200)}, which can't be read`);
  }
  const listIgnored = (...more: string[]): Promise<string[]> =>
    repo.list([...over, "ls-files", "--others", "--ignored", "--exclude-standard", "-z", ...more], call);
  if (options.forced?.size) {
    const forced = (await listIgnored()).filter((path) => options.forced?.has(path));
    if (forced.length > 0) {
      const args = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"];
      const input = Buffer.from(forced.map((path) => `:(literal)${path}`).join("\0"), "latin1");
      await repo.run([...over, ...args], { ...call, input });
    }
  }

  const changes: [string, Entry | null][] = [];
  for (const [path, commit] of inPlace) {
    if (!isPopulated(below(folder, path))) continue;
    const name = readablePath(path).text;
    const inside = await inspect(repo, folder, path, options);
    note(name, inside);
    if (inside.isClean && (inside.head === commit || inside.isPublished)) {
      changes.push([path, { mode: SUBMODULE, id: inside.head ?? commit }]);
    } else found.lost.push(`inside the submodule ${name}`);
  }
  for (const path of nested) {
    if (skipped.has(realPath(below(folder, path)))) continue;
    const name = readablePath(path).text;
    const inside = await inspect(repo, folder, path, options);
    note(name, inside);
    const submodule = submodules.get(path);
    if (inside.remote === null) {
      if (inside.tree !== EMPTY_TREE) {
        await readTreeAt(repo, inside.tree, `${path}/`, indexFile);
      }
    } else if (!inside.isClean || !inside.isPublished) {
      found.lost.push(`in ${name}, a clone of ${inside.remote}`);
    } else if (submodule !== undefined && inside.head) {
      changes.push([path, { mode: SUBMODULE, id: inside.head }]);
    } else found.leftOut.push(`${name}/ (a clone of ${inside.remote}, unchanged)`);
  }
  for (const path of await tracked(repo, folder, indexFile)) {
    if (inPlace.has(path) || nested.includes(path) || skipped.has(realPath(below(folder, path)))) continue;
    const name = readablePath(path).text;
    const inside = await inspect(repo, folder, path, options);
    // its files are the folder's own
    note(name, { ...inside, leftOut: [] });
    if (inside.remote === ELSEWHERE) found.lost.push(`in ${name}, a clone of ${ELSEWHERE}`);
  }
  await repo.updateIndex(changes, indexFile);
  found.tree = await repo.writeTree(indexFile);
  found.leftOut.push(
    ...(await listIgnored("--directory")).map((path) => `${readablePath(path).text} (ignored)`),
  );
  return found;
}

const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Adds a tree's files below a path; `read-tree --prefix` takes no bytes that are not UTF-8. */
async function readTreeAt(repo: Repository, tree: string, prefix: string, indexFile?: string): Promise<void> {
  const entries = await repo.entries(tree);
  await repo.updateIndex([...entries].map(([path, entry]) => [`${prefix}${path}`, entry]), indexFile);
}

/**
 * Removes submodules from the index that the folder has no more. The others have to be excluded before git
 * inspects the folder: in a submodule of the index, git runs itself, with a configuration that the agent may
 * have written.
 *
 * @returns the others, with their commits
 */
async function removeMissingSubmodules(
  repo: Repository,
  folder: string,
  indexFile: string | undefined,
): Promise<Map<string, string>> {
  const listed = await repo.list(["ls-files", "--stage", "-z"], indexFile ? { indexFile } : {});
  const present = new Map<string, string>();
  const missing: [string, null][] = [];
  for (const text of listed) {
    const [, id = "", path = ""] = text.match(/^160000 (\w+) \d\t(.*)$/s) ?? [];
    if (!id) continue;
    const at = below(folder, path);
    // fetched or, as after every clone, an empty folder
    if (isFolder(at) && (isPopulated(at) || readdirSync(at).length === 0)) present.set(path, id);
    else missing.push([path, null]);
  }
  await repo.updateIndex(missing, indexFile);
  return present;
}

/** Folders with files of the index in which a repository was created. */
async function tracked(repo: Repository, folder: string, indexFile?: string): Promise<string[]> {
  const folders = new Set<string>();
  for (const path of await repo.list(["ls-files", "-z"], indexFile ? { indexFile } : {})) {
    for (let at = dirname(path); at !== "." && !folders.has(at); at = dirname(at)) folders.add(at);
  }
  return [...folders].filter((path) => {
    const head = below(folder, `${path}/.git/HEAD`);
    return isPopulated(below(folder, path)) &&
      (statOf(head) || linkIn(below(folder, `${path}/.git`)) !== "");
  });
}

const isPopulated = (folder: Buffer): boolean =>
  statOf(Buffer.concat([folder, Buffer.from("/.git")])) !== undefined;

/** The path in a `.git` that is a file, with a character per byte; empty for another file. */
export const linkIn = (file: Buffer | string): string =>
  statOf(file)?.isFile() ? readFileSync(file, "latin1").match(/^gitdir: ([^\n]*)/)?.[1] ?? "" : "";

/** The folder of a repository's own files, which may be anywhere; null for none. */
export function gitDirOf(folder: string): string | null {
  const file = join(folder, ".git");
  // below a link, also where its real path is not UTF-8
  if (isFolder(file)) return file;
  try {
    const isFile = statSync(file).isFile();
    return realpathSync(
      isFile ? Buffer.from(resolve(realPath(folder), linkIn(realpathSync(file))), "latin1") : file,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  }
}

/** A path after all links, with a character per byte. */
export const realPath = (path: Buffer | string): string => realpathSync.native(path, { encoding: "latin1" });

/** Whether a path is in a folder, after all links. */
export function isWithin(path: string | Buffer, root: string): boolean {
  try {
    return `${realPath(path)}/`.startsWith(`${realPath(root)}/`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}
