import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./clone.ts";
import { TaskFailure } from "./failure.ts";
import { type Git, GitError } from "./git.ts";

export interface ChangedFile {
  path: string;
  status: "added" | "modified" | "deleted" | "renamed" | "copied" | "type_changed";
  /** Null for a binary file. */
  additions: number | null;
  deletions: number | null;
  previous_path?: string;
}

export interface Changes {
  /** The commit with all of the agent's work. */
  head: string;
  isEmpty: boolean;
  files: ChangedFile[];
  diff: string;
  patch: string;
}

/** The queue's limit for a diff, and for a patch, in bytes. */
const MAX_BYTES = 50_000_000;

const STATUS: Record<string, ChangedFile["status"]> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type_changed",
};

/**
 * Fetches the agent's work into our repository: its commits, and one more for uncommitted changes. Nothing is
 * run in the agent's clone, whose configuration could name programs.
 *
 * @throws TaskFailure `commit_failed`, `changes_too_large`
 */
export async function collectChanges(git: Git, space: Workspace, message: string): Promise<Changes> {
  try {
    const head = await commitAll(git, space, message);
    const [before, after] = await Promise.all(
      [space.start, head].map((commit) => treeOf(git, space, commit)),
    );
    return { head, isEmpty: before === after, ...await describe(git, space, head) };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new TaskFailure("commit_failed", true, error.message, { cause: error });
  }
}

const inOurs = (space: Workspace): string[] => ["--git-dir", space.gitDir];

async function treeOf(git: Git, space: Workspace, commit: string): Promise<string> {
  return (await git([...inOurs(space), "rev-parse", `${commit}^{tree}`])).stdout.trim();
}

async function commitAll(git: Git, space: Workspace, message: string): Promise<string> {
  const ours = inOurs(space);
  if (!isFolder(space.work)) {
    throw new TaskFailure("commit_failed", true, "The agent left no working tree.");
  }
  let head = isFolder(join(space.work, ".git")) ? await fetchCommits(git, space, message) : space.start;
  await git([...ours, "update-ref", `refs/heads/${space.branch}`, head]);
  await git([...ours, "read-tree", head]);
  const overWork = [...ours, "--work-tree", space.work];
  const submodules = await excludeSubmodules(git, space);
  const paths = [".", ...submodules.map((path) => `:(exclude,literal)${path}`)];
  await git([...overWork, "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"], {
    cwd: space.work,
    input: paths.join("\0"),
    timeoutMs: 600_000,
  });
  await excludeRepositories(git, space, head);
  const tree = (await git([...ours, "write-tree"])).stdout.trim();
  if (tree !== await treeOf(git, space, head)) {
    const { stdout } = await git([...ours, "commit-tree", tree, "-p", head, "-F", "-"], { input: message });
    head = stdout.trim();
    await git([...ours, "update-ref", `refs/heads/${space.branch}`, head]);
  }
  return head;
}

/** Whether a path is a folder itself, not a link to one. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The agent's commits, when they descend from its start; else one commit with their result. */
async function fetchCommits(git: Git, space: Workspace, message: string): Promise<string> {
  const ours = inOurs(space);
  await git([
    ...ours,
    "-c",
    "fetch.fsckObjects=true",
    "fetch",
    "--quiet",
    "--no-tags",
    "--",
    space.work,
    "+HEAD:refs/fixloop/agent",
  ], { isLocal: true, timeoutMs: 600_000 });
  const commit = (await git([...ours, "rev-parse", "refs/fixloop/agent"])).stdout.trim();
  const descends = await git([...ours, "merge-base", "--is-ancestor", space.start, commit], { accept: [1] });
  if (descends.code === 0) return commit;
  const squashed = await git(
    [...ours, "commit-tree", `${commit}^{tree}`, "-p", space.start, "-F", "-"],
    { input: message },
  );
  return squashed.stdout.trim();
}

/**
 * Excludes submodules before git inspects the working tree: in a known submodule, git runs itself, with a
 * configuration that the agent may have written. Submodules in their place stay unchanged, the others are
 * removed.
 *
 * @returns the paths of the submodules that stay
 */
async function excludeSubmodules(git: Git, space: Workspace): Promise<string[]> {
  const listed = await git([...inOurs(space), "ls-files", "--stage", "-z"], { keepBytes: MAX_BYTES });
  const paths = listed.stdout.split("\0").filter((entry) => entry.startsWith("160000 "))
    .map((entry) => entry.slice(entry.indexOf("\t") + 1));
  if (listed.isCut || paths.some((path) => path.includes("\uFFFD"))) {
    throw new TaskFailure(
      "repository_refused",
      false,
      "The repository's submodules can't be distinguished from its files.",
    );
  }
  const present = paths.filter((path) => isSubmodule(join(space.work, path)));
  const gone = paths.filter((path) => !present.includes(path));
  if (gone.length > 0) {
    const input = `${gone.join("\0")}\0`;
    const overWork = [...inOurs(space), "--work-tree", space.work];
    await git([...overWork, "update-index", "--force-remove", "-z", "--stdin"], { cwd: space.work, input });
  }
  return present;
}

/** Whether a path is a submodule: fetched or, as after every clone, an empty folder. */
function isSubmodule(path: string): boolean {
  return isFolder(path) && (lstatSync(join(path, ".git"), { throwIfNoEntry: false }) !== undefined ||
    readdirSync(path).length === 0);
}

/**
 * Excludes repositories that the agent cloned into its own: they would become submodules that can't be
 * fetched.
 */
async function excludeRepositories(git: Git, space: Workspace, head: string): Promise<void> {
  const { stdout } = await git([
    ...inOurs(space),
    "diff-index",
    "--cached",
    "--raw",
    "-z",
    "--no-renames",
    "--ignore-submodules=none",
    head,
  ], { keepBytes: MAX_BYTES });
  const parts = stdout.split("\0");
  const added: string[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [from, to] = (parts[at] ?? "").split(" ");
    if (to === "160000" && from !== ":160000") added.push(parts[at + 1] ?? "");
  }
  if (added.length === 0) return;
  const overWork = [...inOurs(space), "--work-tree", space.work];
  const input = `${added.join("\0")}\0`;
  await git([...overWork, "update-index", "--force-remove", "-z", "--stdin"], { cwd: space.work, input });
}

async function describe(
  git: Git,
  space: Workspace,
  head: string,
): Promise<Pick<Changes, "files" | "diff" | "patch">> {
  const ours = inOurs(space);
  const plain = [
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--find-renames",
    "--ignore-submodules=none",
  ];
  const range = [space.base, head];
  const text = async (args: string[]): Promise<string> => {
    const { stdout, isCut } = await git([...ours, ...args], { keepBytes: MAX_BYTES });
    // text can't store NUL, and the replacement of broken bytes may make it longer
    const storable = stdout.replaceAll("\0", "\uFFFD");
    if (!isCut && Buffer.byteLength(storable) <= MAX_BYTES) return storable;
    throw new TaskFailure("changes_too_large", false, `The agent changed more than ${MAX_BYTES / 1e6} MB.`);
  };
  const list = async (how: string): Promise<string[]> =>
    (await git([...ours, "diff", ...plain, how, "-z", ...range], { keepBytes: MAX_BYTES })).stdout.split(
      "\0",
    );
  return {
    files: parseFiles(await list("--name-status"), await list("--numstat")),
    diff: await text(["diff", ...plain, ...range]),
    patch: await text(["format-patch", "--stdout", "--binary", ...plain, `${space.base}..${head}`]),
  };
}

/** Parses git's two lists, of each file's status and of its lines, whose parts are separated by NUL. */
function parseFiles(statuses: string[], counts: string[]): ChangedFile[] {
  const lines = new Map<string, [number | null, number | null]>();
  for (let at = 0; at < counts.length; at++) {
    const [added, deleted, path] = (counts[at] ?? "").split("\t");
    if (added === undefined || deleted === undefined || path === undefined) continue;
    // a rename has an empty path, and the two names after it
    const name = path || counts[at += 2] || "";
    lines.set(name, [added === "-" ? null : Number(added), deleted === "-" ? null : Number(deleted)]);
  }
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < statuses.length; at += 2) {
    const letter = statuses[at]?.[0] ?? "";
    const isMoved = letter === "R" || letter === "C";
    const previous = statuses[at + 1] ?? "";
    const path = isMoved ? statuses[++at + 1] ?? "" : previous;
    const [additions, deletions] = lines.get(path) ?? [null, null];
    files.push({
      path,
      status: STATUS[letter] ?? "modified",
      additions,
      deletions,
      ...(isMoved ? { previous_path: previous } : {}),
    });
  }
  return files;
}
