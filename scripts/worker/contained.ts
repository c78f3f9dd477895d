import { MAX_BYTES, type Repository } from "./objects.ts";

/** Work that an agent left outside of the tree. */
export interface Place {
  /** As `the branch mine`. */
  name: string;
  commit: string;
  /** What its folder has and the commit does not, and why. */
  leftOut?: string[];
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

/** Those of some commits that none of others has in its history. */
export async function unreachable(
  repo: Repository,
  commits: readonly string[],
  from: readonly string[],
): Promise<string[]> {
  if (commits.length === 0) return [];
  const input = [...commits, ...from.map((id) => `^${id}`)].map((line) => `${line}\n`).join("");
  const { stdout } = await repo.run(["rev-list", "--stdin"], { input, keepBytes: MAX_BYTES });
  const found = new Set(stdout.split("\n"));
  return commits.filter((commit) => found.has(commit));
}

/** The places that are not in the history of some commits. */
export async function withoutAncestors(
  repo: Repository,
  places: readonly Place[],
  commits: readonly string[],
): Promise<Place[]> {
  const kept = new Set(await unreachable(repo, places.map(({ commit }) => commit), commits));
  return places.filter(({ commit }) => kept.has(commit));
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
