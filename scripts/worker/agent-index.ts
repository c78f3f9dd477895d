import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { below, type Entry, isSame, type Repository, statOf, SUBMODULE } from "./objects.ts";
import { readablePath } from "./paths.ts";
import { textOf } from "./reflogs.ts";

export interface IndexEntry extends Entry {
  path: string;
  /** `S`: not in the tree, because the agent wants only a part of it there. */
  tag: string;
  stage: string;
}

let count = 0;

/**
 * An index that an agent wrote: what it added, what it took out, and what a merge left open. Empty where it does
 * not exist.
 *
 * @param dotGit the folder that has it
 */
export async function loadIndex(repo: Repository, dotGit: string): Promise<IndexEntry[]> {
  const file = join(dotGit, "index");
  if (!statOf(file)?.isFile()) return [];
  for (const name of readdirSync(dotGit).filter((each) => each.startsWith("sharedindex."))) {
    if (!statOf(join(dotGit, name))?.isFile()) continue;
    copyFileSync(join(dotGit, name), join(repo.gitDir, name));
  }
  const indexFile = join(repo.gitDir, `agent-${++count}.index`);
  copyFileSync(file, indexFile);
  const listed = await repo.list(["ls-files", "-t", "--stage", "-z"], { indexFile });
  return listed.map((text) => {
    const [, tag = "", mode = "", id = "", stage = "", path = ""] =
      text.match(/^(\S) (\d+) (\w+) (\d)\t(.*)$/s) ?? [];
    return { path, tag, mode, id, stage };
  });
}

/** Files of an index that a commit does not have: the agent added them, also if they are ignored. */
export const addedTo = (index: readonly IndexEntry[], commit: ReadonlyMap<string, Entry>): string[] =>
  index.filter(({ path, stage, mode }) => stage === "0" && mode !== SUBMODULE && !commit.has(path))
    .map(({ path }) => path);

/**
 * What an index has for the files of a commit, if something else: null for one that the agent took out. The files are
 * then read as the agent's git reads them, which leaves out what is ignored and not in the index, and converts line
 * endings by what the index has.
 */
export function differencesTo(
  index: readonly IndexEntry[],
  commit: ReadonlyMap<string, Entry>,
): [path: string, entry: Entry | null][] {
  if (index.length === 0) return [];
  const known = new Map(index.map((entry) => [entry.path, entry]));
  return [...commit].flatMap(([path, was]): [string, Entry | null][] => {
    const now = known.get(path);
    if (!now) return [[path, null]];
    if (now.stage !== "0" || now.mode === SUBMODULE || isSame(now, was)) return [];
    return [[path, { mode: now.mode, id: now.id }]];
  });
}

/** What only an index has: the files and the commits are as if it had not been added. */
export function onlyIn(
  index: readonly IndexEntry[],
  tree: ReadonlyMap<string, Entry>,
  head: ReadonlyMap<string, Entry>,
  others: readonly ReadonlyMap<string, Entry>[],
): string[] {
  return index.filter((entry) =>
    entry.stage === "0" && isSame(tree.get(entry.path), head.get(entry.path)) &&
    ![tree, ...others].some((known) => isSame(known.get(entry.path), entry))
  ).map(({ path }) => readablePath(path).text);
}

/** Places of work that waits: conflicts that are in files still, patches and commits that were not applied. */
export function unresolved(
  folder: string,
  dotGit: string | null,
  index: readonly IndexEntry[],
): string[] {
  const open = [...new Set(index.filter(({ stage }) => stage !== "0").map(({ path }) => path))];
  const marked = open.filter((path) => {
    const file = below(folder, path);
    return statOf(file)?.isFile() && /^(<{7}|>{7}) /m.test(readFileSync(file, "latin1"));
  });
  const places = marked.map((path) => `conflicts in ${readablePath(path).text}`);
  if (dotGit === null) return places;
  if (existsSync(join(dotGit, "rebase-apply/applying"))) {
    places.push("in the patches of an unfinished git am");
  }
  const steps = textOf(join(dotGit, "sequencer/todo")).match(/^[a-z]+ [0-9a-f]{7,64}\b/gm) ?? [];
  const name = existsSync(join(dotGit, "CHERRY_PICK_HEAD"))
    ? "cherry-pick"
    : existsSync(join(dotGit, "REVERT_HEAD"))
    ? "revert"
    : null;
  // the first step is the one that it stopped at
  if (name && steps.length > 1) places.push(`in the commits of an unfinished ${name}`);
  return places;
}
