import postgres from "postgres";
import { quoteName } from "./statements.ts";
import { explained } from "./try-error.ts";
import type { SchemaChanges, SchemaStatement } from "./try-schema.ts";

/** What exists can't be created, added or inserted a second time. */
const DUPLICATE = ["23505", "42701", "42710", "42P07"];
/** `or replace` can't change the type, the arguments' names or the columns. */
const NOT_REPLACEABLE = ["42P13", "42P16"];
const DEPENDED_ON = "2BP01";
/** A column or constraint that does not exist; a name of several functions. */
const NOT_AS_DEFINED = ["42703", "42704", "42725"];

interface Run {
  sql: postgres.Sql;
  /** Functions and views that were created, not replaced: they don't have their comments and grants yet. */
  created: Set<string>;
  /** What stays as the database has it. */
  kept: Set<string>;
  left: string[];
}

/**
 * Runs what changed in the schema files, in the transaction of the connection.
 *
 * @returns what it left out and what the database has that the schema files don't define, as sentences
 * @throws UserError with the file and line of the statement that failed
 */
export async function applyChanges(sql: postgres.Sql, changes: SchemaChanges): Promise<string[]> {
  const left = changes.left.map((name) => `${name} is no longer in the schema files; the stack still has it`);
  const run: Run = { sql, created: new Set(), kept: new Set(), left };
  const used = await dropReplaced(sql, changes.replaced);
  for (const one of changes.statements.filter((one) => !isDetail(one))) await runStatement(run, one);
  // what used them may be replaced by now
  for (const [one, error] of await dropReplaced(sql, [...used.keys()])) {
    run.kept.add(one.owner);
    left.push(
      `function ${one.signature} has other arguments in the schema files; the stack still has it: ${
        error.detail ?? error.message
      }`,
    );
  }
  const changed = new Set(changes.statements);
  for (const one of changes.details) {
    if (run.created.has(one.owner) || changed.has(one) && isDetail(one)) await runStatement(run, one);
  }
  return left;
}

/** Comments and grants name functions without arguments, so they wait until the replaced ones are dropped. */
const isDetail = ({ kind }: SchemaStatement): boolean => kind === "CommentStmt" || kind === "GrantStmt";

/** Drops functions that nothing depends on; returns the others, each with the error. */
async function dropReplaced(
  sql: postgres.Sql,
  functions: SchemaStatement[],
): Promise<Map<SchemaStatement, postgres.PostgresError>> {
  const used = new Map<SchemaStatement, postgres.PostgresError>();
  for (const one of functions) {
    const error = await attempt(sql, `drop routine if exists ${one.signature}`);
    if (error?.code === DEPENDED_ON) used.set(one, error);
    else if (error) throw explained(error, `${one.file}:${one.line}`);
  }
  return used;
}

async function runStatement(run: Run, one: SchemaStatement): Promise<void> {
  const isReplaceable = one.kind === "CreateFunctionStmt" || one.kind === "ViewStmt";
  const exists = await existsIn(run.sql, one);
  if (exists && !isReplaceable) {
    run.kept.add(one.owner);
    run.left.push(
      `${one.object} is as the running stack has it: alter it at the top of the file that you run, or ${RESET}`,
    );
    return;
  }
  if (exists === false && isReplaceable) run.created.add(one.owner);
  let error = await attempt(run.sql, one.sql);
  if (error && exists && isReplaceable && NOT_REPLACEABLE.includes(error.code)) {
    error = await createAgain(run, one, error);
  }
  if (!error) return;
  if (isLeftOut(run, one, error.code)) {
    run.left.push(`${one.action} of ${one.object} (${one.file}:${one.line}) was left out: ${error.message}`);
    return;
  }
  throw explained(error, `${one.file}:${one.line}`, run.left);
}

const RESET = "run npm run db:baseline and npm start -- --reset";

/** Whether the rest can run without a statement that failed. */
function isLeftOut(run: Run, one: SchemaStatement, code: string): boolean {
  if (one.kind === "CreateFunctionStmt" || one.kind === "ViewStmt") return false;
  if (run.kept.has(one.owner) && NOT_AS_DEFINED.includes(code)) return true;
  // an index is dropped before it is created, unless a foreign key needs it
  return one.kind === "IndexStmt" ? code === DEPENDED_ON : DUPLICATE.includes(code);
}

/** Drops a function or view that can't be replaced, and creates it; returns the error if that fails. */
async function createAgain(
  run: Run,
  one: SchemaStatement,
  reason: postgres.PostgresError,
): Promise<postgres.PostgresError | undefined> {
  const drop = `drop ${one.kind === "ViewStmt" ? "view" : "routine"} ${one.signature}`;
  const error = await attempt(run.sql, drop);
  if (error) {
    throw explained(
      Object.assign(reason, { detail: error.detail ?? error.message }),
      `${one.file}:${one.line}`,
      [
        `Write ${drop} cascade; at the top of the file that you run, and name the schema files of what depends on ` +
        `it: --schema <file>. Or ${RESET}.`,
        ...run.left,
      ],
    );
  }
  run.created.add(one.owner);
  return await attempt(run.sql, one.sql);
}

/** Runs SQL; when it fails, the transaction is as it was before. */
async function attempt(sql: postgres.Sql, text: string): Promise<postgres.PostgresError | undefined> {
  await sql.unsafe("savepoint fixloop_statement").simple();
  try {
    await sql.unsafe(text).simple();
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    await sql.unsafe("rollback to fixloop_statement; release fixloop_statement").simple();
    return error;
  }
  await sql.unsafe("release fixloop_statement").simple();
  return undefined;
}

/** Where the catalogue is asked for an object, by its name. */
const LOOKUPS: Readonly<Record<string, string>> = {
  CreateFunctionStmt: "to_regprocedure($1)",
  ViewStmt: "to_regclass($1)",
  CreateStmt: "to_regclass($1)",
  CreateTableAsStmt: "to_regclass($1)",
  CreateSeqStmt: "to_regclass($1)",
  CreateEnumStmt: "to_regtype($1)",
  CompositeTypeStmt: "to_regtype($1)",
  CreateDomainStmt: "to_regtype($1)",
  CreateSchemaStmt: "to_regnamespace($1)",
};

/** Whether the database has what a statement creates; undefined where it can be run either way. */
async function existsIn(sql: postgres.Sql, one: SchemaStatement): Promise<boolean | undefined> {
  const lookup = LOOKUPS[one.kind];
  if (lookup === undefined) return undefined;
  const name = one.kind === "CreateFunctionStmt" ? one.signature : quoteName(one.owner);
  const [row] = await sql.unsafe<{ exists: boolean }[]>(`select ${lookup} is not null as exists`, [name]);
  return row?.exists ?? false;
}
