import { type Catalog, key } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { similarName } from "./hints.ts";
import type { Payload } from "./payload.ts";
import { embedFilter, type ReadNode } from "./read-plan.ts";
import type { Parameter, Routine } from "./routines.ts";
import { arrayText, column, ident, type Name, type Parameters, qualified } from "./sql.ts";
import { neededColumns } from "./write-sql.ts";

// Calls of functions: docs.postgrest.org/en/v14/references/api/functions.html

/** A call's arguments: in the query or a form, or as a JSON body. */
export type Arguments =
  | { kind: "direct"; values: [name: string, value: string][] }
  | { kind: "body"; text: string; mediaType: string; keys: string[] };

/** The names of the arguments that a call gives. */
const argumentNames = (given: Arguments): string[] =>
  given.kind === "direct" ? [...new Set(given.values.map(([name]) => name))] : given.keys;

/** What a POST gives to a function. */
export function bodyArguments(payload: Payload, mediaType: string, columns: string[] | undefined): Arguments {
  if (payload.form) return { kind: "direct", values: payload.form };
  return { kind: "body", text: payload.text, mediaType, keys: payload.keys ?? columns ?? [] };
}

/** The type of a single unnamed parameter that takes the whole body of a media type. */
const BODY_TYPES = new Map([
  ["application/json", ["json", "jsonb"]],
  ["text/plain", ["text"]],
  ["text/xml", ["xml"]],
  ["application/octet-stream", ["bytea"]],
]);

/**
 * Finds the function that a call means, by the names of its arguments.
 *
 * @throws ApiError when there is none (PGRST202) or several (PGRST203)
 */
export function findRoutine(name: Name, given: Arguments, catalog: Catalog): Routine {
  const named = catalog.routines.get(key(name)) ?? [];
  const names = argumentNames(given);
  const mediaType = given.kind === "body" ? given.mediaType : undefined;
  const matching = named.filter((each) => takes(each, names, mediaType));
  const found = matching.length > 0 ? matching : named.filter((each) => takesBody(each, mediaType));
  const [only, ...others] = found;
  if (!only) throw unknown(name, names.toSorted(), mediaType, named, catalog);
  if (others.length > 0) {
    const list = found.map(({ schema, name, parameters }) =>
      `${schema}.${name}(${parameters.map((each) => `${each.name} => ${each.type}`).join(", ")})`
    );
    throw new ApiError(300, {
      code: "PGRST203",
      message: `Could not choose the best candidate function between: ${list.join(", ")}`,
      hint:
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    });
  }
  return only;
}

const isRaw = (mediaType: string | undefined): boolean =>
  mediaType !== undefined && mediaType !== "application/json" && BODY_TYPES.has(mediaType);

/** Whether a function has all given arguments, and requires no others. */
function takes({ parameters }: Routine, names: string[], mediaType: string | undefined): boolean {
  if (parameters.length === 0 && isRaw(mediaType)) return false;
  return names.every((name) => parameters.some((each) => each.name === name)) &&
    parameters.every((each) => !each.isRequired || names.includes(each.name));
}

const takesBody = ({ parameters }: Routine, mediaType: string | undefined): boolean =>
  parameters.length === 1 && mediaType !== undefined &&
  (BODY_TYPES.get(mediaType)?.includes(parameters[0]?.type ?? "") ?? false);

function unknown(
  { schema, name }: Name,
  names: string[],
  mediaType: string | undefined,
  named: Routine[],
  catalog: Catalog,
): ApiError {
  const all = names.join(", ");
  const list = all.length > 1000 ? `${all.slice(0, 1000)}…` : all;
  const called = `${schema}.${name}`;
  const raw = isRaw(mediaType) ? BODY_TYPES.get(mediaType ?? "")?.[0] : undefined;
  const given = names.length === 0
    ? " without parameters"
    : ` with parameter${names.length > 1 ? "s" : ""} ${list}`;
  const searched = raw
    ? ` with a single unnamed ${raw} parameter`
    : mediaType === "application/json"
    ? `${given} or with a single unnamed json/jsonb parameter`
    : given;
  const text = ({ parameters }: Routine): string =>
    `(${parameters.map((each) => each.name).toSorted().join(", ")})`;
  const schemaNames = [...catalog.routines.values()].flatMap(([first]) =>
    first?.schema === schema ? [first.name] : []
  );
  const near = named.length > 0 ? similarName(`(${list})`, named.map(text)) : similarName(name, schemaNames);
  return new ApiError(404, {
    code: "PGRST202",
    message: `Could not find the function ${called}${
      raw ? "" : names.length === 0 ? " without parameters" : `(${list})`
    } in the schema cache`,
    details: `Searched for the function ${called}${searched}, but no matches were found in the schema cache.`,
    hint: near && !raw
      ? `Perhaps you meant to call the function ${
        named.length > 0 ? `${called}${near}` : `${schema}.${near}`
      }`
      : null,
  });
}

export const isScalar = ({ isComposite }: Routine): boolean => !isComposite;

/**
 * The rows or values that a function returns, as one statement.
 *
 * @param read what is read of them
 */
export function callSql(routine: Routine, given: Arguments, read: ReadNode, parameters: Parameters): string {
  const { rows, call } = argumentsSql(routine, given, parameters);
  const called = isScalar(routine)
    ? `(select ${qualified(routine)}(${call}) as api_value) as api_call`
    : `${qualified(routine)}(${call}) as api_call`;
  const selected = isScalar(routine)
    ? "api_call.api_value"
    : returnedColumns(read).map((name) => column({ schema: "", name: "api_call" }, name)).join(", ");
  return `select ${selected} from ${rows ? `${rows}, lateral ` : ""}${called}`;
}

/** What is read of a function's rows, with the columns of filters and orders. */
function returnedColumns(read: ReadNode): string[] {
  const needed = neededColumns(read, []);
  if (needed.length === 0 || needed.includes("*")) return ["*"];
  const isFiltered = read.where.length > 0 || read.order.some(({ relation }) => relation === undefined);
  return isFiltered ? [...filteredColumns(read, needed)] : needed;
}

function filteredColumns(read: ReadNode, needed: string[]): Set<string> {
  const names = new Set(needed);
  const visit = (logic: ReadNode["where"][number]): void => {
    if (logic.kind !== "filter") logic.terms.forEach(visit);
    else if (!embedFilter(logic, read)) names.add(logic.field.name);
  };
  read.where.forEach(visit);
  for (const { relation, field } of read.order) if (relation === undefined) names.add(field.name);
  return names;
}

/** The arguments, and the rows of the body that they are taken from. */
function argumentsSql(
  { parameters }: Routine,
  given: Arguments,
  bound: Parameters,
): { rows?: string; call: string } {
  const [first] = parameters;
  if (!first) return { call: "" };
  if (parameters.length === 1 && first.name === "") {
    const text = given.kind === "body" ? given.text : JSON.stringify(Object.fromEntries(given.values));
    return { call: `${bound.bind(text)}::${first.type}` };
  }
  const names = argumentNames(given);
  const used = parameters.filter(({ name }) => names.includes(name));
  if (used.length === 0) return { call: "" };
  const assign = (each: Parameter, value: string): string =>
    `${each.isVariadic ? "variadic " : ""}${ident(each.name)} := ${value}`;
  if (given.kind === "direct") {
    const call = used.map((each) => {
      const values = given.values.filter(([name]) => name === each.name).map(([, value]) => value);
      const text = each.isVariadic ? arrayText(values) : values.at(-1) ?? null;
      return assign(each, `${bound.bind(text)}::${each.type}`);
    });
    return { call: call.join(", ") };
  }
  const isObject = /^\s*\{/.test(given.text);
  const columns = used.map(({ name, type }) => `${ident(name)} ${type}`).join(", ");
  const list = used.map(({ name }) => ident(name)).join(", ");
  return {
    rows: `(select ${bound.bind(given.text)}::json as document) as api_sent, ` +
      `lateral (select ${list} from json_to_record${isObject ? "" : "set"}(api_sent.document) ` +
      `as _(${columns}) limit 1) as api_arguments`,
    call: used.map((each) => assign(each, `api_arguments.${ident(each.name)}`)).join(", "),
  };
}
