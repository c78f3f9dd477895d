import { type Field, readField, readJsonPath, readName, readQuoted } from "./fields.ts";
import { Scanner } from "./scanner.ts";

// Filters: docs.postgrest.org/en/v14/references/api/tables_views.html#horizontal-filtering

export type Operation =
  | { kind: "simple"; operator: string; value: string }
  | { kind: "quantified"; operator: string; quantifier: "" | "any" | "all"; value: string }
  | { kind: "is"; value: string }
  | { kind: "distinct"; value: string }
  | { kind: "in"; values: string[] }
  | { kind: "search"; call: string; language: string | undefined; value: string };

export interface Filter {
  kind: "filter";
  field: Field;
  isNegated: boolean;
  operation: Operation;
}

export type Logic = Filter | { kind: "and" | "or"; isNegated: boolean; terms: Logic[] };

const SIMPLE: Record<string, string> = {
  neq: "<>",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
};
const QUANTIFIED: Record<string, string> = {
  eq: "=",
  gte: ">=",
  gt: ">",
  lte: "<=",
  lt: "<",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
};
const SEARCH: Record<string, string> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
};

const OPERATOR = "operator (eq, gt, ...)";

/**
 * Parses the value of a filter, such as `not.eq.1`.
 *
 * @throws SyntaxError when it has no operator, or the operator's value cannot be parsed
 */
export function parseCondition(text: string): Omit<Filter, "field"> {
  const scanner = new Scanner(text, `failed to parse filter (${text})`);
  const condition = readCondition(scanner, () => scanner.tryMatch(/[\s\S]*/y) ?? "");
  scanner.skipBlanks();
  scanner.expectEnd();
  return condition;
}

function readCondition(scanner: Scanner, readValue: () => string): Omit<Filter, "field"> {
  const isNegated = scanner.tryString("not.");
  const operation = readOperation(scanner, readValue) ??
    scanner.fail(isNegated ? OPERATOR : `"not" or ${OPERATOR}`);
  return { kind: "filter", isNegated, operation };
}

function readOperation(scanner: Scanner, readValue: () => string): Operation | undefined {
  if (scanner.tryString("in.")) return { kind: "in", values: readList(scanner) };
  if (scanner.tryString("is.")) {
    const value = scanner.tryMatch(/(?:not_null|null|true|false|unknown)(?=[ \t,)]|$)/iy) ??
      scanner.fail("isVal: (null, not_null, true, false, unknown)");
    return { kind: "is", value: value.toLowerCase().replace("_", " ") };
  }
  if (scanner.tryString("isdistinct.")) return { kind: "distinct", value: readValue() };
  return scanner.attempt((): Operation => {
    const name = scanner.tryMatch(/[a-z]+/y) ?? scanner.fail(OPERATOR);
    const argument = scanner.tryMatch(/\([\p{L}\p{N}_ $]+\)/uy)?.slice(1, -1);
    scanner.expect(".");
    const call = own(SEARCH, name);
    if (call) return { kind: "search", call, language: argument, value: readValue() };
    const operator = own(QUANTIFIED, name);
    if (operator && (argument === undefined || argument === "any" || argument === "all")) {
      return { kind: "quantified", operator, quantifier: argument ?? "", value: readValue() };
    }
    const simple = argument === undefined ? own(SIMPLE, name) : undefined;
    return simple ? { kind: "simple", operator: simple, value: readValue() } : scanner.fail(OPERATOR);
  });
}

const own = (map: Record<string, string>, name: string): string | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;

/** `(a,"b,c")` */
function readList(scanner: Scanner): string[] {
  scanner.skipBlanks();
  scanner.expect("(");
  scanner.skipBlanks();
  const values: string[] = [];
  do values.push(readUntil(scanner)); while (scanner.tryString(","));
  scanner.skipBlanks();
  scanner.expect(")");
  scanner.skipBlanks();
  return values;
}

/** A value up to the next comma or parenthesis, or a quoted one that is followed by it. */
const readUntil = (scanner: Scanner): string =>
  scanner.attempt(() => {
    const quoted = readQuoted(scanner) ?? scanner.fail('"\\""');
    if (!scanner.isFollowedBy(/(?=[,)]|$)/y)) scanner.fail('","');
    return quoted;
  }) ?? scanner.tryMatch(/[^,)]*/y) ?? "";

/**
 * Parses a logic tree.
 *
 * @param operator `and`, `or`, `not.and` or `not.or`
 * @param text `(a.eq.1,or(b.eq.2,c.eq.3))`
 */
export function parseLogic(operator: string, text: string): Logic {
  const scanner = new Scanner(`${operator}${text}`, `failed to parse logic tree (${text})`);
  const logic = readLogic(scanner);
  scanner.expectEnd();
  return logic;
}

function readLogic(scanner: Scanner): Logic {
  const filter = scanner.attempt((): Filter => {
    const field = readField(scanner);
    scanner.expect(".");
    return { ...readCondition(scanner, () => readLogicValue(scanner)), field };
  });
  if (filter) return filter;
  const isNegated = scanner.tryString("not.");
  const kind = scanner.tryMatch(/and|or/y) as "and" | "or" | undefined ?? scanner.fail(
    isNegated
      ? "logic operator (and, or)"
      : "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)",
  );
  scanner.skipBlanks();
  scanner.expect("(");
  scanner.skipBlanks();
  const terms: Logic[] = [];
  do {
    scanner.skipBlanks();
    terms.push(scanner.nest(() => readLogic(scanner)));
    scanner.skipBlanks();
  } while (scanner.tryString(","));
  scanner.expect(")");
  scanner.skipBlanks();
  return { kind, isNegated, terms };
}

/** A value within a logic tree: quoted, `{…}`, or up to the next comma or parenthesis. */
const readLogicValue = (scanner: Scanner): string =>
  scanner.attempt(() => {
    const quoted = readQuoted(scanner) ?? scanner.fail('"\\""');
    if (!scanner.isFollowedBy(/(?=[,)]|$)/y)) scanner.fail('","');
    return quoted;
  }) ?? scanner.tryMatch(/\{[^{}]*\}/y) ?? scanner.tryMatch(/[^,)]*/y) ?? "";

/** The path of a parameter's name, `clients.name->>a`: the embedded tables, then the field. */
export function parsePath(text: string): { path: string[]; field: Field } {
  const scanner = new Scanner(text, `failed to parse tree path (${text})`);
  const names = [readName(scanner)];
  while (scanner.tryString(".")) names.push(readName(scanner));
  const field = { name: names.pop() ?? "", path: readJsonPath(scanner) };
  return { path: names, field };
}
