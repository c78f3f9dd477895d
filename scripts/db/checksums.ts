import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A migration's file name: the time that is its version, and its name. */
export const MIGRATION_FILE = /^(\d{14})_([a-z][a-z0-9_]*)\.sql$/;

const FILE = "checksums.txt";

/** The migrations of a folder in the order in which they are applied. */
export function migrationFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(".sql")).sort();
}

/** The recorded sum of each finished migration, as `sha256sum` writes and checks them. */
export function readChecksums(folder: string): Map<string, string> {
  const path = join(folder, FILE);
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [sum = "", file = ""] = line.split(/\s+/, 2);
    return [file, sum];
  }));
}

/**
 * What is wrong with a folder of migrations: a recorded one that was changed or removed, a name that the CLI would skip,
 * one that sorts before a recorded one (a database that has the later one would refuse it).
 */
export function checksumProblems(folder: string): string[] {
  const recorded = readChecksums(folder);
  const files = migrationFiles(folder);
  const last = [...recorded.keys()].sort().at(-1) ?? "";
  const problems: string[] = [];
  for (const [file, sum] of recorded) {
    if (!files.includes(file)) {
      problems.push(`${file} is recorded as finished and is gone: bring it back, databases have applied it`);
    } else if (checksum(folder, file) !== sum) {
      problems.push(
        `${file} is recorded as finished and was changed: undo that, and write another migration`,
      );
    }
  }
  const versions = new Set<string>();
  for (const file of files) {
    const version = file.match(MIGRATION_FILE)?.[1];
    if (!version) problems.push(`${file} is not named <14 digits>_<snake_case>.sql`);
    else if (versions.has(version)) problems.push(`${file} has the version of another migration`);
    else versions.add(version);
    if (!recorded.has(file) && file < last) {
      problems.push(
        `${file} comes before ${last}, which is finished: databases that have that one would refuse it`,
      );
    }
  }
  return problems;
}

/** Records the migrations that are not yet, and returns their names. Call it when nothing else is wrong. */
export function recordChecksums(folder: string): string[] {
  const recorded = readChecksums(folder);
  const added = migrationFiles(folder).filter((file) => !recorded.has(file));
  for (const file of added) recorded.set(file, checksum(folder, file));
  const lines = [...recorded].sort(([a], [b]) => a < b ? -1 : 1).map(([file, sum]) => `${sum}  ${file}\n`);
  writeFileSync(join(folder, FILE), lines.join(""));
  return added;
}

/** The SHA-256 of a migration's current text. */
const checksum = (folder: string, file: string): string =>
  createHash("sha256").update(readFileSync(join(folder, file))).digest("hex");
