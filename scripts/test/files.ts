import { existsSync, globSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";

/** Every test file of the repository, relative to its root. */
export const testFiles = (root = ROOT): string[] =>
  globSync(["scripts/**/*.test.ts", "supabase/**/*.test.{ts,sql}"], { cwd: root }).sort();

/**
 * The test files that a command line names.
 *
 * @param names files, folders, or parts of a path (`tracker/tags`), relative to `cwd` or to the repository's root
 * @returns paths relative to the root. Throws a `UserError` for a name without a test file.
 */
export function chooseFiles(names: string[], cwd = process.cwd(), root = ROOT): string[] {
  const all = testFiles(root);
  return [...new Set(names.flatMap((name) => chooseBy(name, all, cwd, root)))].sort();
}

function chooseBy(name: string, all: string[], cwd: string, root: string): string[] {
  const path = [resolve(cwd, name), resolve(root, name)].find((candidate) => existsSync(candidate));
  if (!path) {
    const matches = isAbsolute(name) ? [] : all.filter((file) => file.includes(name));
    if (matches.length > 0) return matches;
    throw new UserError(`There is no test file, folder or part of a path ${name}.`, similar(name, all));
  }
  const inside = relative(root, path);
  const files = statSync(path).isDirectory()
    ? all.filter((file) => inside === "" || file.startsWith(`${inside}/`))
    : all.filter((file) => file === inside);
  if (files.length === 0) {
    throw new UserError(
      `${name} ${statSync(path).isDirectory() ? "contains no test file" : "is not a test file"}.`,
      "Test files are named *.test.sql or *.test.ts, in supabase/ and scripts/.",
    );
  }
  return files;
}

/** The files whose path has most in common with what was typed, by groups of three letters. */
function similar(name: string, all: string[]): string {
  const typed = trigrams(name);
  const scored = all.map((file) => ({
    file,
    score: [...trigrams(file)].filter((part) => typed.has(part)).length,
  }));
  const best = scored.sort((a, b) => b.score - a.score).slice(0, 3);
  if ((best[0]?.score ?? 0) < typed.size / 3) {
    return "For example: npm test -- supabase/tests/database/tracker/tags.test.sql";
  }
  return `Did you mean ${best.map(({ file }) => file).join(" or ")}?`;
}

const trigrams = (text: string): Set<string> =>
  new Set(Array.from({ length: Math.max(0, text.length - 2) }, (_, at) => text.slice(at, at + 3)));
