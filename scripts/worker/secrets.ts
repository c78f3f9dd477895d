import type { Git } from "./git.ts";
import type { Workspace } from "./clone.ts";
import { openRepository } from "./objects.ts";
import type { Redactor } from "./redact.ts";

/** So many bytes are looked at together, if no object is larger. */
const BATCH_BYTES = 32_000_000;

/**
 * Whether a push would send a secret: in a file of any of its commits, also one that a diff shows as binary or that a
 * later commit removes, in a name or in a message.
 */
export async function sendsSecret(
  git: Git,
  space: Workspace,
  head: string,
  redactor: Redactor,
): Promise<boolean> {
  const repo = openRepository(git, space.gitDir);
  const known = [space.start, `refs/heads/${space.target}`];
  const listed = await repo.run(
    ["rev-list", "--objects", "--no-object-names", head, "--not", ...known],
    { keepBytes: Number.MAX_SAFE_INTEGER },
  );
  const sizes = await repo.run(["cat-file", "--batch-check=%(objectname) %(objectsize)"], {
    input: listed.stdout,
    keepBytes: Number.MAX_SAFE_INTEGER,
  });
  let batch: string[] = [];
  let bytes = 0;
  const isFound = async (): Promise<boolean> => {
    const input = batch.map((id) => `${id}\n`).join("");
    const content = await repo.run(["cat-file", "--batch"], { input, keepBytes: Number.MAX_SAFE_INTEGER });
    batch = [];
    bytes = 0;
    return redactor.findsIn(content.bytes);
  };
  for (const line of sizes.stdout.split("\n")) {
    const [, id, size] = line.match(/^(\w+) (\d+)$/) ?? [];
    if (id === undefined) continue;
    if (bytes > 0 && bytes + Number(size) > BATCH_BYTES && await isFound()) return true;
    batch.push(id);
    bytes += Number(size);
  }
  return batch.length > 0 && await isFound();
}
