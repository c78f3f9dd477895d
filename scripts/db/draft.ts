import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Dump } from "./dump.ts";
import { schemaFiles } from "./schema-files.ts";
import { splitStatements, type Statement } from "./statements.ts";
import { tableElements } from "./table-elements.ts";

// Turns the CLI's diff of two databases into a migration in the words of the schema files.

/** A statement of a migration, with where its object is in the schema files. */
interface Placed {
  text: string;
  /** The schema file; empty for what no schema file defines, such as a drop. */
  file: string;
  /** Its position in the schema files, and in the diff. */
  schema: number;
  diff: number;
  /** A revoke of a new object, or one that a later grant follows: rarely needed, since our objects start closed. */
  isUndone: boolean;
}

interface SchemaStatement extends Statement {
  file: string;
  /** Counted over all files. */
  index: number;
}

export interface DraftInput {
  /** The CLI's diff, tidied. */
  diff: string;
  /** The folder of schema files. */
  schemas: string;
  /** The texts of the migrations so far. */
  migrations: string[];
  /** The database that the migrations make, and the one that the schema files do. */
  before: Dump;
  after: Dump;
}

/**
 * Forms of the same migration, the most readable first; the caller takes the first one that leads to the schema files. Call
 * `loadModule()` of libpg-query before.
 */
export function draftForms(input: DraftInput): string[] {
  const statements = validated(splitStatements(input.diff), input)
    .filter(({ kind }) => kind !== "VariableSetStmt");
  const schema = readSchema(input.schemas);
  const placed = place(statements, schema, input.before);
  const loose = looseStatements(schema, input.migrations, placed);
  const inOrder = (order: "schema" | "diff", rows: Placed[]): string =>
    format([...rows].sort((a, b) => a[order] - b[order] || a.diff - b.diff || a.schema - b.schema));
  const needed = placed.filter(({ isUndone }) => !isUndone);
  const late = "set local check_function_bodies = off;\n\n";
  return [
    inOrder("schema", [...needed, ...loose]),
    inOrder("schema", needed),
    inOrder("diff", needed),
    late + inOrder("diff", placed),
    input.diff,
  ];
}

/** A constraint that was added as `not valid` is validated; the CLI drops it and adds it again. */
function validated(diff: Statement[], { before, after }: DraftInput): Statement[] {
  return diff.flatMap((one) => {
    const [, action, name] = one.text.match(/^alter table \S+\s+(drop|add) constraint (\w+)/) ?? [];
    const definition = (dump: Dump): string | undefined =>
      dump.get(`table ${one.owner}`)?.find((line) => line.startsWith(`constraint ${name} `));
    if (name === undefined || definition(before) !== `${definition(after)} NOT VALID`) return [one];
    const text = `alter table ${one.owner} validate constraint ${name};`;
    return action === "drop" ? splitStatements(text) : [];
  });
}

function readSchema(folder: string): SchemaStatement[] {
  return schemaFiles(folder).flatMap((file) =>
    splitStatements(readFileSync(join(folder, file), "utf8")).map((statement) => ({ ...statement, file }))
  ).map((statement, index) => ({ ...statement, index }));
}

/** Each statement of the diff in the words of the schema files, and all that they have about a new object. */
function place(diff: Statement[], schema: SchemaStatement[], before: Dump): Placed[] {
  const dropped = new Set(diff.filter(({ action }) => action === "drop").map(({ object }) => object));
  const isNew = (one: Statement): boolean =>
    one.owner !== "" && (!existed(one.owner, before) || dropped.has(`relation ${one.owner}`) ||
      dropped.has(`function ${one.owner}`));
  const done = new Set<number>();
  return diff.flatMap((one, at): Placed[] => {
    if (one.action === "drop") return [{ text: one.text, file: "", schema: -1, diff: at, isUndone: false }];
    const source = isNew(one) ? schema.filter(({ owner }) => owner === one.owner) : sourceOf(one, schema);
    if (source.length > 0) {
      return source.filter(({ index }) => !done.has(index) && done.add(index))
        .map((found) => ({
          text: found.lead + found.text,
          file: found.file,
          schema: found.index,
          diff: at,
          isUndone: false,
        }));
    }
    const creation = schema.find((other) => other.owner === one.owner && other.action === "create");
    const owner = one.action === "alter"
      ? creation
      : schema.findLast((other) => other.owner === one.owner && other.action === one.action) ?? creation;
    return [{
      text: inSchemaWords(one, schema),
      file: owner?.file ?? "",
      schema: owner?.index ?? -1,
      diff: at,
      isUndone: one.action === "revoke" && (isNew(one) || isGrantedLater(one, diff.slice(at + 1))),
    }];
  });
}

/** The schema files' statement that defines the same: of functions of one name the one with as many parameters. */
function sourceOf(one: Statement, schema: SchemaStatement[]): SchemaStatement[] {
  if (one.kind === "SelectStmt") return jobSource(one, schema);
  if (one.action !== "create" && (one.action !== "comment" || / is null;$/.test(one.text))) return [];
  const found = schema.filter((other) => other.action === one.action && other.object === one.object);
  const parameters = ({ node }: Statement): number =>
    (node["parameters"] as unknown[] | undefined)?.length ?? 0;
  const alike = found.filter((other) => parameters(other) === parameters(one));
  return (alike.length > 0 ? alike : found).slice(0, 1);
}

/** A job of cron: the statement that schedules the job of this name. */
function jobSource(one: Statement, schema: SchemaStatement[]): SchemaStatement[] {
  const job = one.text.match(/cron\.schedule\w*\(\s*('[^']+')/)?.[1];
  return job === undefined
    ? []
    : schema.filter(({ kind, text }) => kind === "SelectStmt" && text.includes(job));
}

function existed(owner: string, before: Dump): boolean {
  return [...before.keys()].some((object) => {
    const name = object.replace(/^(materialized view|foreign table|\w+) /, "");
    return name === owner || object.startsWith("function ") && name.startsWith(`${owner}(`);
  });
}

/** Added columns and constraints as the table's file has them; grants without the word that they need not have. */
function inSchemaWords(one: Statement, schema: SchemaStatement[]): string {
  if (one.action === "grant" || one.action === "revoke") return one.text.replace(/ on table /, " on ");
  const table = schema.find((other) => other.kind === "CreateStmt" && other.owner === one.owner);
  const commands = (one.node["cmds"] ?? []) as {
    AlterTableCmd: { subtype: string; def?: Record<string, never> };
  }[];
  const [command] = commands;
  if (one.kind !== "AlterTableStmt" || !table || !command || commands.length > 1) return one.text;
  const { ColumnDef: column, Constraint: constraint } = (command.AlterTableCmd.def ?? {}) as {
    ColumnDef?: { colname: string };
    Constraint?: { conname: string };
  };
  const elements = tableElements(table.text);
  const element = column && command.AlterTableCmd.subtype === "AT_AddColumn"
    ? elements.get(column.colname)
    : elements.get(`constraint ${constraint?.conname}`);
  if (element === undefined) return one.text;
  const text = `alter table ${one.owner} add ${column ? "column " : ""}${element};`;
  return text.split("\n")[0]!.length > 110 ? text.replace(" add ", "\n  add ") : text;
}

/** Whether a later statement grants something on the same object to the same role. */
function isGrantedLater(revoke: Statement, later: Statement[]): boolean {
  const roles = ({ node }: Statement): string =>
    JSON.stringify(node["grantees"]).replaceAll(/"location":\d+/g, "");
  return later.some((one) =>
    one.action === "grant" && one.object === revoke.object && roles(one) === roles(revoke)
  );
}

/** What a diff of catalogues doesn't see: rows that the schema files insert, jobs that they schedule. */
function looseStatements(schema: SchemaStatement[], migrations: string[], placed: Placed[]): Placed[] {
  const plain = (text: string): string => text.replaceAll(/\s+/g, " ");
  const known = plain(migrations.join("\n"));
  const taken = new Set(placed.map((one) => one.schema));
  return schema.filter(({ action, kind, index, text }) =>
    (action === "insert" || kind === "SelectStmt" || kind === "DoStmt") && !taken.has(index) &&
    !known.includes(plain(text))
  ).map(({ lead, text, file, index }) => ({
    text: lead + text,
    file,
    schema: index,
    diff: Number.MAX_SAFE_INTEGER,
    isUndone: false,
  }));
}

/** Statements below the path of their file; those that start a thought after an empty line. */
function format(rows: Placed[]): string {
  let file = "";
  let text = "";
  for (const [at, row] of rows.entries()) {
    const startsThought = /^(--|create|drop|alter|insert|do|select|with)\b/.test(row.text);
    if (row.file !== file && row.file !== "") text += `${at === 0 ? "" : "\n"}-- ${row.file}\n`;
    else if (at > 0 && startsThought && row.file !== "") text += "\n";
    file = row.file;
    text += `${row.text}\n`;
  }
  return text;
}
