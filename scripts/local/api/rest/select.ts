import { type Field, readCast, readField, readName } from "./fields.ts";
import { Scanner } from "./scanner.ts";

// The `select` and `order` of a request.

export type Aggregate = "sum" | "avg" | "count" | "max" | "min";

export interface SelectedField {
  kind: "field";
  field: Field;
  alias?: string | undefined;
  cast?: string | undefined;
  aggregate?: Aggregate | undefined;
  aggregateCast?: string | undefined;
}

/** An embedded table, view or computed relationship. */
export interface SelectedEmbed {
  kind: "embed";
  name: string;
  alias?: string | undefined;
  hint?: string | undefined;
  isInner: boolean;
  isSpread: boolean;
  select: Selected[];
}

export type Selected = SelectedField | SelectedEmbed;

/** Parses `select=…`. */
export function parseSelect(text: string): Selected[] {
  const scanner = new Scanner(text, `failed to parse select parameter (${text})`);
  const select = readSelect(scanner);
  scanner.expectEnd();
  return select;
}

function readSelect(scanner: Scanner): Selected[] {
  if (scanner.isAtEnd || scanner.isFollowedBy(/\)/y)) return [];
  const items: Selected[] = [];
  do {
    scanner.skipBlanks();
    items.push(readEmbed(scanner) ?? readSelectedField(scanner));
    scanner.skipBlanks();
  } while (scanner.tryString(","));
  return items;
}

const readAlias = (scanner: Scanner): string | undefined =>
  scanner.attempt(() => {
    const alias = readName(scanner);
    if (scanner.isFollowedBy(/::/y)) scanner.fail('":"');
    scanner.expect(":");
    return alias;
  });

function readEmbed(scanner: Scanner): SelectedEmbed | undefined {
  const head = scanner.attempt(() => {
    const isSpread = scanner.tryString("...");
    const alias = isSpread ? undefined : readAlias(scanner);
    const name = readName(scanner);
    // `count()` is an aggregate
    if (name === "count" && !isSpread) scanner.fail("relation");
    let hint: string | undefined;
    let isInner = false;
    for (let parts = 0; parts < 2 && scanner.tryString("!"); parts++) {
      const part = readName(scanner);
      if (part === "inner") isInner = true;
      else if (part !== "left") hint ??= part;
    }
    scanner.skipBlanks();
    scanner.expect("(");
    return { isSpread, alias, name, hint, isInner };
  });
  if (!head) return undefined;
  const select = scanner.nest(() => readSelect(scanner));
  scanner.expect(")");
  return { kind: "embed", ...head, select };
}

const isEnd = /(?=[),]|$)/y;

function readSelectedField(scanner: Scanner): SelectedField {
  if (scanner.isFollowedBy(/\*(?=[),]|$)/y)) {
    scanner.expect("*");
    return { kind: "field", field: { name: "*", path: [] } };
  }
  const alias = readAlias(scanner);
  if (scanner.isFollowedBy(/count\(\)/y)) {
    scanner.expect("count()");
    const aggregateCast = readCast(scanner);
    return { kind: "field", field: { name: "*", path: [] }, alias, aggregate: "count", aggregateCast };
  }
  const field = readField(scanner);
  const cast = readCast(scanner);
  const aggregate = scanner.tryMatch(/\.(sum|avg|count|max|min)\(\)/y)?.slice(1, -2) as Aggregate | undefined;
  const aggregateCast = aggregate ? readCast(scanner) : undefined;
  scanner.skipBlanks();
  if (!scanner.isFollowedBy(isEnd)) {
    scanner.fail('letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input');
  }
  return { kind: "field", field, alias, cast, aggregate, aggregateCast };
}

export interface OrderTerm {
  field: Field;
  /** The embedded table or view whose column it is. */
  relation?: string | undefined;
  direction: "" | "asc" | "desc";
  nulls: "" | "nulls first" | "nulls last";
}

/** Parses `order=…`. */
export function parseOrder(text: string): OrderTerm[] {
  const scanner = new Scanner(text, `failed to parse order (${text})`);
  const terms: OrderTerm[] = [];
  do {
    scanner.skipBlanks();
    terms.push(readOrderTerm(scanner));
    scanner.skipBlanks();
  } while (scanner.tryString(","));
  scanner.expectEnd();
  return terms;
}

function readOrderTerm(scanner: Scanner): OrderTerm {
  const related = scanner.attempt(() => {
    const relation = readName(scanner);
    scanner.expect("(");
    const field = readField(scanner);
    scanner.expect(")");
    return { relation, field };
  });
  const { relation, field } = related ?? { relation: undefined, field: readField(scanner) };
  const direction = scanner.tryMatch(/\.(asc|desc)(?=[.,]|$)/y)?.slice(1) ?? "";
  const nulls = scanner.tryMatch(/\.nulls(first|last)(?=,|$)/y)?.slice(6);
  if (!scanner.isFollowedBy(/(?=[, \t]|$)/y)) {
    const isDot = scanner.tryString(".");
    scanner.fail(
      !isDot
        ? 'delimiter (.), "," or end of input'
        : direction
        ? '"nullsfirst" or "nullslast"'
        : '"asc", "desc", "nullsfirst" or "nullslast"',
    );
  }
  return {
    field,
    relation,
    direction: direction as OrderTerm["direction"],
    nulls: nulls ? `nulls ${nulls}` as OrderTerm["nulls"] : "",
  };
}
