import { isUtf8 } from "node:buffer";
import { TaskFailure } from "./failure.ts";
import { MAX_BYTES, type Repository } from "./objects.ts";
import { readablePath } from "./paths.ts";

export interface ChangedFile {
  path: string;
  status: "added" | "modified" | "deleted" | "renamed" | "copied" | "type_changed";
  /** Null for a binary file. */
  additions: number | null;
  deletions: number | null;
  previous_path?: string;
  /** The path, or the previous one, is not UTF-8 and is escaped as in the diff. */
  is_path_escaped?: true;
}

export interface Description {
  files: ChangedFile[];
  /** `git apply` of it on the base results in the files of the head. */
  diff: string;
  /** `git am` of it does too. */
  patch: string;
}

const STATUS: Record<string, ChangedFile["status"]> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type_changed",
};

const PLAIN = [
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--find-renames",
  "--ignore-submodules=none",
  "--src-prefix=a/",
  "--dst-prefix=b/",
];

/** What a pull request of the head shows: the changes since the commit where it leaves the target. */
export async function describe(
  repo: Repository,
  base: string,
  head: string,
  message: string,
): Promise<Description> {
  const range = [base, head];
  const list = (how: string): Promise<string[]> => repo.list(["diff", ...PLAIN, how, "-z", ...range]);
  return {
    files: parseFiles(await list("--name-status"), await list("--numstat")),
    diff: await textOf(repo, ["diff", "--binary", "--full-index", ...PLAIN, ...range], isStorable),
    patch: await textOf(
      repo,
      [
        "format-patch",
        "--stdout",
        "--binary",
        "--full-index",
        ...PLAIN,
        await patchRange(repo, base, head, message),
      ],
      isMailable,
    ),
  };
}

/** A text that a mail can't begin a line with: `git am` would end the message, or the mail, there. */
const ENDS_MESSAGE = /^(diff |Index: |---|>*From )/m;

/**
 * The commits of a patch: those of the branch or, where a merge is among them, or an author or a message that would
 * not survive, one with all of their changes.
 */
async function patchRange(repo: Repository, base: string, head: string, message: string): Promise<string> {
  const range = `${base}..${head}`;
  const format = "--format=%P%x00%an%x00%ae%x00%B%x00";
  const { bytes } = await repo.run(["log", format, range], { keepBytes: MAX_BYTES });
  const texts = bytes.toString("latin1").split("\0").slice(0, -1);
  const isPlain = [
    (parents: string) => !/\w \w/.test(parents),
    (author: string) => author.trim() !== "",
    (address: string) => address.trim() !== "",
    (message: string) => message.trim() !== "" && !ENDS_MESSAGE.test(message),
  ];
  if (texts.every((text, at) => isPlain[at % isPlain.length]?.(text))) return range;
  const squashed = await repo.commitTree(await repo.treeOf(head), [base], message);
  return `${base}..${squashed}`;
}

/** PostgreSQL's text is UTF-8 without NUL. */
const isStorable = (part: Buffer): boolean => isUtf8(part) && !part.includes(0);

/** `git am` removes the CR at the end of a line. */
const isMailable = (part: Buffer): boolean => isStorable(part) && !part.includes("\r\n");

/**
 * git's output as text, file by file: as it is or, where that is not possible, with an escaped name, with
 * the content as a binary patch, or both.
 */
async function textOf(
  repo: Repository,
  args: readonly string[],
  isPlain: (part: Buffer) => boolean,
): Promise<string> {
  const variant = async (isEscaped: boolean, isBinary: boolean): Promise<Buffer[]> => {
    const config = [
      "-c",
      `core.quotePath=${isEscaped}`,
      ...(isBinary ? ["-c", "diff.default.binary=true"] : []),
    ];
    const { bytes, isCut } = await repo.run([...config, ...args], { keepBytes: MAX_BYTES });
    if (isCut) throw tooLarge();
    return splitFiles(bytes);
  };
  const plain = await variant(false, false);
  let result = plain;
  for (const [isEscaped, isBinary] of [[false, true], [true, false], [true, true]] as const) {
    if (result.every(isPlain)) break;
    const other = await variant(isEscaped, isBinary);
    result = other.length === plain.length
      ? result.map((part, at) => isPlain(part) ? part : other[at] ?? part)
      : other;
  }
  // a commit's message is all that is left to be replaced
  const text = Buffer.concat(result).toString("utf8").replaceAll("\0", "\uFFFD");
  if (Buffer.byteLength(text) > MAX_BYTES) throw tooLarge();
  return text;
}

const tooLarge = (): TaskFailure =>
  new TaskFailure("changes_too_large", "no", `The agent changed more than ${MAX_BYTES / 1e6} MB.`);

/** The parts of a diff or of a series of patches, each from the line that names a file or a mail. */
function splitFiles(output: Buffer): Buffer[] {
  const text = output.toString("latin1");
  const starts = [...text.matchAll(/^(?:diff --git |From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001$)/gm)]
    .map(({ index }) => index);
  const bounds = [...new Set([0, ...starts, output.length])];
  return bounds.slice(1).map((end, at) => output.subarray(bounds[at], end));
}

/** Parses git's two lists, of each file's status and of its lines. */
function parseFiles(statuses: readonly string[], counts: readonly string[]): ChangedFile[] {
  const lines = new Map<string, [number | null, number | null]>();
  for (let at = 0; at < counts.length; at++) {
    const [, added, deleted, path] = (counts[at] ?? "").match(/^(-|\d+)\t(-|\d+)\t(.*)$/s) ?? [];
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
    const [name, previousName] = [readablePath(path), readablePath(previous)];
    files.push({
      path: name.text,
      status: STATUS[letter] ?? "modified",
      additions,
      deletions,
      ...(isMoved ? { previous_path: previousName.text } : {}),
      ...(name.isEscaped || (isMoved && previousName.isEscaped) ? { is_path_escaped: true } : {}),
    });
  }
  return files;
}
