import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isFolder, statOf } from "./objects.ts";

/** What the logs of a repository's references say of its commits. */
export interface Logged {
  /** Every commit in them. */
  all: Set<string>;
  /** Those that were made in the repository, and not fetched. */
  made: Set<string>;
  /** Those that a command removed from a branch: a reset, a rebase, the deletion of the branch. */
  removed: Set<string>;
  /** Those that another one stands for: amended, or a step of a rebase. */
  replaced: Set<string>;
}

const MADE =
  /^(commit|cherry-pick|revert|am)\b|^(rebase|pull)\b.*\((pick|squash|fixup|reword|edit|continue)\)/;
const REMOVED = /^(reset|branch: Reset)\b|^(rebase|pull)\b.*\(start\)/;
const REPLACED = /^(commit \(amend\)|filter-branch)|^(rebase|pull)\b.*\((?!start)[a-z]+\)/;

/**
 * Reads the logs of a repository's branches and of each HEAD, as text: a commit that was left by checking out
 * another one is in no branch, but in there.
 *
 * @param hasBranch whether a branch exists
 */
export function loadLogs(gitDir: string, hasBranch: (name: string) => boolean): Logged {
  const logged: Logged = { all: new Set(), made: new Set(), removed: new Set(), replaced: new Set() };
  for (const file of logsIn(gitDir)) {
    for (const line of textOf(file).split("\n")) {
      const [, old = "", id = "", text = ""] =
        line.match(/^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t]*\t?(.*)$/) ?? [];
      for (const each of [old, id]) if (/[^0]/.test(each)) logged.all.add(each);
      if (MADE.test(text)) logged.made.add(id);
      const [, from = ""] = text.match(/^checkout: moving from (\S+) to /) ?? [];
      const isDeleted = from !== "" && !/^[0-9a-f]{40,64}$/.test(from) && !hasBranch(from);
      if (isDeleted || REMOVED.test(text)) logged.removed.add(old);
      if (REPLACED.test(text)) logged.replaced.add(old);
    }
  }
  for (const ids of Object.values(logged)) {
    for (const id of ids) if (!logged.all.has(id)) ids.delete(id);
  }
  return logged;
}

/** The logs of HEAD, of each worktree's, and of all references but stashes, remotes and notes. */
function logsIn(gitDir: string): string[] {
  const worktrees = join(gitDir, "worktrees");
  return [
    join(gitDir, "logs/HEAD"),
    ...(isFolder(worktrees) ? readdirSync(worktrees) : []).map((name) => join(worktrees, name, "logs/HEAD")),
    ...filesIn(join(gitDir, "logs/refs"), ["stash", "remotes", "notes"]),
  ];
}

function filesIn(folder: string, except: readonly string[] = []): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder).filter((name) => !except.includes(name)).flatMap((name) => {
    const path = join(folder, name);
    return isFolder(path) ? filesIn(path) : [path];
  });
}

/** A file's text; empty for one that does not exist, and for anything that is not a file. */
export function textOf(file: string, encoding: "utf8" | "latin1" = "utf8"): string {
  return statOf(file)?.isFile() ? readFileSync(file, encoding) : "";
}
