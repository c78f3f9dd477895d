import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { TaskFailure } from "./failure.ts";
import type { Git, GitCall } from "./git.ts";
import type { RunResult } from "./process.ts";

/** The queue's limit for a diff, and for a patch, in bytes; also of the lists that git returns. */
export const MAX_BYTES = 50_000_000;

/** Mode and id of a file in a tree, as git writes them. */
export interface Entry {
  mode: string;
  id: string;
}

/** One path in which two trees differ; null on the side that lacks it. */
export interface Difference {
  path: string;
  from: Entry | null;
  to: Entry | null;
}

export const SUBMODULE = "160000";

export type Repository = ReturnType<typeof openRepository>;

/**
 * Our own repository. Paths of files are any bytes: here they are strings with one character per byte
 * (Latin-1), and `readablePath` makes text of them.
 */
export function openRepository(git: Git, gitDir: string) {
  const run = (args: readonly string[], call?: GitCall): Promise<RunResult> =>
    git(["--git-dir", gitDir, ...args], call);
  const line = async (args: readonly string[], call?: GitCall): Promise<string> =>
    (await run(args, call)).stdout.trim();
  /** The parts of an output that are separated by NUL. */
  const list = async (args: readonly string[], call?: GitCall): Promise<string[]> => {
    const { bytes, isCut } = await run(args, { keepBytes: MAX_BYTES, ...call });
    if (isCut) {
      throw new TaskFailure("changes_too_large", "no", "The list of files is longer than 50 MB.");
    }
    const parts = bytes.toString("latin1").split("\0");
    if (parts.at(-1) === "") parts.pop();
    return parts;
  };
  /** Remembers what is asked about objects by their ids, which never changes. */
  const once = <T>(ask: (id: string) => Promise<T>): (id: string) => Promise<T> => {
    const known = new Map<string, Promise<T>>();
    return (id) => {
      if (!/^[0-9a-f]{40,64}$/.test(id)) return ask(id);
      const answer = known.get(id) ?? ask(id);
      known.set(id, answer);
      return answer;
    };
  };
  return {
    git,
    gitDir,
    run,
    line,
    list,
    treeOf: once((commit) => line(["rev-parse", "--verify", "--end-of-options", `${commit}^{tree}`])),
    /** The id of a commit; null where the name is not one. */
    async commitOf(name: string): Promise<string | null> {
      const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
      return (await run(args, { accept: [1, 128] })).stdout.trim() || null;
    },
    async isAncestor(commit: string, of: string): Promise<boolean> {
      if (commit === of) return true;
      return (await run(["merge-base", "--is-ancestor", commit, of], { accept: [1] })).code === 0;
    },
    async mergeBase(a: string, b: string): Promise<string | null> {
      if (a === b) return a;
      return (await run(["merge-base", a, b], { accept: [1] })).stdout.trim() || null;
    },
    commitTree: (tree: string, parents: readonly string[], message: string) =>
      line(["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-F", "-"], {
        input: message,
      }),
    writeTree: (indexFile?: string) => line(["write-tree"], indexFile ? { indexFile } : {}),
    /** Every file of a tree. */
    entries: once(async (tree): Promise<ReadonlyMap<string, Entry>> => {
      const listed = await list(["ls-tree", "-r", "-z", "--full-tree", tree]);
      return new Map(listed.map((text) => {
        const [, mode = "", id = "", path = ""] = text.match(/^(\d+) \w+ (\w+)\t(.*)$/s) ?? [];
        return [path, { mode, id }];
      }));
    }),
    /** Every path in which two trees differ, without renames. */
    async differences(from: string, to: string): Promise<Difference[]> {
      if (from === to) return [];
      const args = ["diff-tree", "-r", "-z", "--no-renames", "--ignore-submodules=none", from, to];
      const parts = await list(args);
      const found: Difference[] = [];
      for (let at = 0; at + 1 < parts.length; at += 2) {
        const [oldMode = "", mode = "", oldId = "", id = ""] = (parts[at] ?? "").slice(1).split(" ");
        const entry = (one: string, of: string): Entry | null =>
          /^0+$/.test(one) ? null : { mode: one, id: of };
        found.push({ path: parts[at + 1] ?? "", from: entry(oldMode, oldId), to: entry(mode, id) });
      }
      return found;
    },
    /** Sets paths of an index to entries, or removes them for null. */
    async updateIndex(changes: Iterable<[path: string, entry: Entry | null]>, indexFile?: string) {
      const lines = [...changes].map(([path, entry]) =>
        entry ? `${entry.mode} ${entry.id} 0\t${path}\0` : `0 ${"0".repeat(40)}\t${path}\0`
      );
      if (lines.length === 0) return;
      await run(["update-index", "-z", "--index-info"], {
        input: Buffer.from(lines.join(""), "latin1"),
        ...(indexFile ? { indexFile } : {}),
      });
    },
  };
}

export const isSame = (a: Entry | null | undefined, b: Entry | null | undefined): boolean =>
  a?.id === b?.id && a?.mode === b?.mode;

/** A path below a folder, for calls of `node:fs`: its name may be any bytes. */
export const below = (folder: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")]);

/** Whether a path is a folder itself, not a link to one. */
export function isFolder(path: string | Buffer): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

/** What is at a path, not what a link there leads to; undefined for nothing, also below a file. */
export function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** The id of a file's bytes as they are. */
export function blobOf(path: Buffer): string {
  const content = lstatSync(path).isSymbolicLink()
    ? readlinkSync(path, { encoding: "buffer" })
    : readFileSync(path);
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
