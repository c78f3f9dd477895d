import { parseSync } from "libpg-query";
import { tokenize } from "./sql-tokens.ts";

export type Action =
  | "create"
  | "comment"
  | "grant"
  | "revoke"
  | "drop"
  | "alter"
  | "insert"
  | "transaction"
  | "other";

/** One statement of an SQL text, with what it is about. */
export interface Statement {
  action: Action;
  /** What it creates, changes or is about: `relation public.t`, `function private.f`, `trigger a on public.t`, … */
  object: string;
  /** The relation or function that the object belongs to, which may be the object itself: `public.t`. */
  owner: string;
  /** The comment lines directly above it, each with its line end. */
  lead: string;
  /** From its first word to its semicolon. */
  text: string;
  /** Where `text` begins, in characters. */
  start: number;
  /** Its kind in PostgreSQL's grammar, and what that contains. */
  kind: string;
  node: Node;
}

export type Node = Record<string, unknown>;

interface RawStatement {
  stmt: Record<string, Node>;
  stmt_location?: number;
  stmt_len?: number;
}

/** Splits SQL into its statements. Call `loadModule()` of libpg-query before. Throws what the parser throws. */
export function splitStatements(sql: string): Statement[] {
  // the parser rejects an empty text, which is what a new file was before
  if (sql.trim() === "") return [];
  const bytes = Buffer.from(sql);
  const { stmts = [] } = parseSync(sql) as { stmts?: RawStatement[] };
  return stmts.map(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    const source = bytes.subarray(from, length === undefined ? undefined : from + length).toString();
    const first = tokenize(source).find(({ kind }) => kind !== "space" && kind !== "comment")?.start ?? 0;
    const [kind = "", node = {}] = Object.entries(stmt)[0] ?? [];
    return {
      ...describe(kind, node),
      lead: commentAbove(source.slice(0, first)),
      text: `${source.slice(first).replace(/;?\s*$/, "")};`,
      start: bytes.subarray(0, from).toString().length + first,
      kind,
      node,
    };
  });
}

/** The comment lines that end where the statement begins. */
function commentAbove(before: string): string {
  const lines = before.split("\n");
  const last = lines.pop() ?? "";
  const comments: string[] = [];
  while (lines.at(-1)?.startsWith("--")) comments.unshift(`${lines.pop()}\n`);
  return last.trim() === "" ? comments.join("") : "";
}

interface Description {
  action: Action;
  object: string;
  owner: string;
}

function describe(kind: string, node: Node): Description {
  const named = (action: Action, type: string, name: string, owner = name): Description => ({
    action,
    object: type === "relation" || type === "function" || owner === name
      ? `${type} ${name}`
      : `${type} ${name} on ${owner}`,
    owner,
  });
  switch (kind) {
    case "CreateFunctionStmt":
      return named("create", "function", nameOf(node["funcname"]));
    case "ViewStmt":
      return named("create", "relation", relationOf(node["view"]));
    case "CreateStmt":
      return named("create", "relation", relationOf(node["relation"]));
    case "CreateTableAsStmt":
      return named("create", "relation", relationOf((node["into"] as Node)["rel"]));
    case "CreateSeqStmt":
      return named("create", "relation", relationOf(node["sequence"]));
    case "IndexStmt":
      return named("create", "index", String(node["idxname"]), relationOf(node["relation"]));
    case "CreateTrigStmt":
      return named("create", "trigger", String(node["trigname"]), relationOf(node["relation"]));
    case "CreatePolicyStmt":
      return named("create", "policy", String(node["policy_name"]), relationOf(node["table"]));
    case "CreateEnumStmt":
      return named("create", "type", nameOf(node["typeName"]));
    case "CompositeTypeStmt":
      return named("create", "type", relationOf(node["typevar"]));
    case "CreateDomainStmt":
      return named("create", "type", nameOf(node["domainname"]));
    case "CreateSchemaStmt":
      return named("create", "schema", String(node["schemaname"]));
    case "CreateExtensionStmt":
      return named("create", "extension", String(node["extname"]));
    case "AlterTableStmt":
      return named("alter", "relation", relationOf(node["relation"]));
    case "AlterSeqStmt":
      return named("alter", "relation", relationOf(node["sequence"]));
    case "InsertStmt":
      return named("insert", "relation", relationOf(node["relation"]));
    case "GrantStmt":
      return grant(node);
    case "CommentStmt":
      return target("comment", String(node["objtype"]), node["object"]);
    case "DropStmt":
      return target("drop", String(node["removeType"]), (node["objects"] as unknown[])[0]);
    case "TransactionStmt":
      return { action: "transaction", object: String(node["kind"]), owner: "" };
    default:
      return { action: "other", object: kind, owner: "" };
  }
}

function grant(node: Node): Description {
  const action = node["is_grant"] === true ? "grant" : "revoke";
  return target(action, String(node["objtype"]), (node["objects"] as unknown[] | undefined)?.[0]);
}

const RELATIONS = ["TABLE", "VIEW", "MATVIEW", "SEQUENCE", "FOREIGN_TABLE"];

/** What `comment on`, `grant` and `drop` are about. A column counts as its table's. */
function target(action: Action, type: string, object: unknown): Description {
  const kind = type.replace(/^OBJECT_/, "");
  const name = nameOf(object);
  if (RELATIONS.includes(kind)) return { action, object: `relation ${name}`, owner: name };
  if (kind === "FUNCTION" || kind === "PROCEDURE") return { action, object: `function ${name}`, owner: name };
  if (["COLUMN", "TRIGGER", "POLICY", "TABCONSTRAINT"].includes(kind)) {
    const cut = name.lastIndexOf(".");
    const owner = name.slice(0, cut);
    const part = kind === "TABCONSTRAINT" ? "constraint" : kind.toLowerCase();
    return { action, object: `${part} ${name.slice(cut + 1)} on ${owner}`, owner };
  }
  return { action, object: `${kind.toLowerCase()} ${name}`, owner: name };
}

function relationOf(node: unknown): string {
  const { schemaname, relname } = (node ?? {}) as { schemaname?: string; relname?: string };
  return schemaname ? `${schemaname}.${relname}` : String(relname);
}

/** A name out of whatever the grammar has it in: a list of strings, a relation, a function with its arguments, a type. */
function nameOf(node: unknown): string {
  if (Array.isArray(node)) return node.map(nameOf).join(".");
  const [kind, value] = Object.entries((node ?? {}) as Record<string, Node>)[0] ?? ["", {}];
  switch (kind) {
    case "String":
      return String(value["sval"]);
    case "List":
      return nameOf(value["items"]);
    case "RangeVar":
      return relationOf(value);
    case "ObjectWithArgs":
      return nameOf(value["objname"]);
    case "TypeName":
      return nameOf(value["names"]);
    default:
      return "";
  }
}

interface Parameter {
  FunctionParameter: { mode: string; argType: { names: unknown; arrayBounds?: unknown[] } };
}

/** A created function with the types of its input arguments, as `to_regprocedure` reads it: `private.f(text,int8[])`. */
export function signatureOf({ owner, node }: Statement): string {
  const inputs = ((node["parameters"] ?? []) as Parameter[])
    .map(({ FunctionParameter: parameter }) => parameter)
    .filter(({ mode }) => mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE");
  const types = inputs.map(({ argType: { names, arrayBounds = [] } }) =>
    // the grammar names built-in types pg_catalog.int8 where they are written as bigint
    quoteName(nameOf(names).replace(/^pg_catalog\./, "")) + "[]".repeat(arrayBounds.length)
  );
  return `${quoteName(owner)}(${types.join(",")})`;
}

/** A name as SQL reads it, quoted where it has to be. */
export const quoteName = (name: string): string =>
  name.split(".").map((part) => /^[a-z_][a-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`)
    .join(".");
