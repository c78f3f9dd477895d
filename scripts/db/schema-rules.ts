import { basename, dirname } from "node:path";
import { splitStatements } from "./statements.ts";

export interface SchemaFile {
  /** Below supabase/schemas. */
  path: string;
  sql: string;
}

/** What breaks the rules that need all schema files, as `path:line: message`. Call `loadModule()` of libpg-query before. */
export function schemaProblems(files: SchemaFile[]): string[] {
  const paths = files.map(({ path }) => path);
  return [
    ...numberProblems(paths),
    ...nameProblems(paths),
    ...argumentProblems(files),
    ...functionProblems(files),
  ];
}

/** No function in two files: `create or replace` of the second would silently put it in the place of the first. */
export function functionProblems(files: SchemaFile[]): string[] {
  const defined = files.flatMap(({ path, sql }) =>
    [...sql.matchAll(/^create or replace function ([\w.]+)/gm)].map(([, name]) => ({ path, name }))
  );
  const first = new Map<string, string>();
  return defined.flatMap(({ path, name = "" }) => {
    const other = first.get(name);
    if (other === undefined) first.set(name, path);
    return other === undefined || other === path ? [] : [`${path}: ${name} is also defined in ${other}`];
  });
}

/** No number twice in a folder: the numbers are the order. */
export function numberProblems(paths: string[]): string[] {
  const entries = [...new Set(paths.flatMap((path) => [path, ...parents(path)]))].sort();
  return repeats(
    entries,
    (entry) => `${dirname(entry)}/${basename(entry).match(/^\d+/)?.[0]}`,
    "has the number of",
  );
}

/** No name twice in a system: a file is found by its name. */
export const nameProblems = (paths: string[]): string[] =>
  repeats(paths, (path) => `${path.split("/")[0]}/${basename(path).replace(/^\d+_/, "")}`, "has the name of");

function repeats(paths: string[], key: (path: string) => string, message: string): string[] {
  const first = new Map<string, string>();
  return paths.flatMap((path) => {
    const other = first.get(key(path));
    if (other === undefined) first.set(key(path), path);
    return other === undefined ? [] : [`${path}: ${message} ${other}`];
  });
}

const parents = (path: string): string[] =>
  dirname(path) === "." ? [] : [dirname(path), ...parents(dirname(path))];

/** `comment on function` and `grant execute` name a function alone where no other has its name. */
export function argumentProblems(files: SchemaFile[]): string[] {
  const parsed = files.map(({ path, sql }) => ({ path, sql, statements: splitStatements(sql) }));
  const count = new Map<string, number>();
  for (const { kind, object } of parsed.flatMap(({ statements }) => statements)) {
    if (kind === "CreateFunctionStmt") count.set(object, (count.get(object) ?? 0) + 1);
  }
  return parsed.flatMap(({ path, sql, statements }) =>
    statements.filter(({ action, object, text }) =>
      (action === "comment" || action === "grant") && count.get(object) === 1 &&
      /^(comment on function|grant execute on function)\s+[\w.]+\s*\(/.test(text)
    ).map(({ start, object }) =>
      `${path}:${
        sql.slice(0, start).split("\n").length
      }: ${object} is the only one of its name: leave its arguments out`
    )
  );
}
