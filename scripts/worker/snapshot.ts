import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { GitError } from "./git.ts";
import { below, type Entry, isFolder, isSame, type Repository, SUBMODULE } from "./objects.ts";
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
  const config = options.outer
    ? [
      "-c",
      `core.excludesFile=${options.outer}/.gitignore`,
      "-c",
      `core.attributesFile=${options.outer}/.gitattributes`,
    ]
    : [];
  const over = [...config, "--work-tree", folder];
  const found: Snapshot = { tree: "", leftOut: [], lost: [] };

  const inPlace = await removeMissingSubmodules(repo, folder, indexFile);
  const untracked = await repo.list([...over, "ls-files", "--others", "--exclude-standard", "-z"], call);
  const nested = untracked.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1));
  const excluded = [...inPlace.keys(), ...nested].map((path) => `:(exclude,literal)${path}`);
  await repo.run([...over, "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"], {
    ...call,
    input: Buffer.from([".", ...excluded].join("\0"), "latin1"),
  });
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
    const inside = await inspect(repo, folder, path, options);
    if (inside.isClean && (inside.head === commit || inside.isPublished)) {
      changes.push([path, { mode: SUBMODULE, id: inside.head ?? commit }]);
    } else found.lost.push(`inside the submodule ${readablePath(path).text}`);
  }
  for (const path of nested) {
    if (skipped.has(realPath(below(folder, path)))) continue;
    const name = readablePath(path).text;
    const inside = await inspect(repo, folder, path, options);
    found.leftOut.push(...inside.leftOut.map((each) => `${name}/${each}`));
    found.lost.push(...inside.lost.map((each) => `${each} of ${name}`));
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

const isPopulated = (folder: Buffer): boolean =>
  lstatSync(Buffer.concat([folder, Buffer.from("/.git")]), { throwIfNoEntry: false }) !== undefined;

interface Inside extends Snapshot {
  /** The URL of one of its remotes; null for none. */
  remote: string | null;
  head: string | null;
  /** Whether its files are those of its head. */
  isClean: boolean;
  /** Whether its head is in a branch of its remote. */
  isPublished: boolean;
}

let count = 0;

/** What is in a repository below a folder. Its objects are fetched, to compare them, into one of their own. */
async function inspect(
  repo: Repository,
  folder: string,
  path: string,
  options: SnapshotOptions,
): Promise<Inside> {
  // a name of any bytes can't be an argument of a program, a link to it can
  const link = join(repo.gitDir, `nested-${++count}`);
  symlinkSync(below(folder, path), link);
  const indexFile = `${link}.index`;
  const files = await snapshot(repo, link, {
    indexFile,
    outer: options.outer ?? folder,
    ...(options.skipped ? { skipped: options.skipped } : {}),
  });
  const remote = remoteOf(link, options.outer ?? folder);
  const none = { ...files, remote, head: null, isClean: false, isPublished: false };
  if (!isWithin(join(link, ".git"), options.outer ?? folder)) return none;
  const gitDir = `${link}.git`;
  const scratch = ["--git-dir", gitDir];
  try {
    await repo.git(["init", "--quiet", "--bare", "--template=", gitDir]);
    await repo.git([
      ...scratch,
      "fetch",
      "--quiet",
      "--no-tags",
      "--update-shallow",
      "--",
      link,
      "+HEAD:refs/heads/head",
      "+refs/remotes/*:refs/remotes/*",
    ], { isLocal: true, timeoutMs: 600_000 });
    const head = (await repo.git([...scratch, "rev-parse", "refs/heads/head"])).stdout.trim();
    const { stdout } = await repo.git([
      ...scratch,
      "for-each-ref",
      "--format=%(refname)",
      `--contains=${head}`,
      "refs/remotes/",
    ]);
    return {
      ...files,
      remote,
      head,
      isClean: await isTreeOf(repo, gitDir, head, link, files.tree),
      isPublished: stdout.trim() !== "",
    };
  } catch (error) {
    // without a commit, or broken
    if (error instanceof GitError) return none;
    throw error;
  }
}

/** The first URL in a repository's configuration, which is read as text: git would run what it names. */
function remoteOf(folder: string, root: string): string | null {
  const file = join(folder, ".git");
  const gitDir = lstatSync(file).isFile()
    ? Buffer.from(resolve(realPath(folder), linkIn(file)), "latin1")
    : Buffer.from(file);
  // the agent may have written the path of any repository of the worker's user
  if (!isWithin(gitDir, root)) return "a repository elsewhere";
  const config = Buffer.concat([gitDir, Buffer.from("/config")]);
  if (!lstatSync(config, { throwIfNoEntry: false })?.isFile()) return null;
  const [, section = ""] = readFileSync(config, "utf8").match(/^\s*\[remote "[^\n]*\n([^[]*)/m) ?? [];
  return section.match(/^\s*url\s*=\s*(\S[^\n]*)/m)?.[1]?.trim() ?? null;
}

/** The path in a `.git` that is a file, with a character per byte; empty for another file. */
export const linkIn = (file: Buffer | string): string =>
  readFileSync(file, "latin1").match(/^gitdir: ([^\n]*)/)?.[1] ?? "";

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

/** The id of a file's bytes as they are. */
function blobOf(path: Buffer): string {
  const content = lstatSync(path).isSymbolicLink()
    ? readlinkSync(path, { encoding: "buffer" })
    : readFileSync(path);
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
