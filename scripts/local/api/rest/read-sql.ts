import type { Catalog } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { fieldSql, logicSql, type Scope } from "./filter-sql.ts";
import type { Filter } from "./filters.ts";
import { type Embed, embedFilter, embedOf, type ReadNode } from "./read-plan.ts";
import { jsonName } from "./fields.ts";
import type { Relationship } from "./relationships.ts";
import type { OrderTerm, SelectedField } from "./select.ts";
import { column, ident, type Name, type Parameters, qualified } from "./sql.ts";

// A read as one statement: each embedded table is a lateral join whose rows become JSON. A whole row is written
// `name.*`, since the name alone may also be that of a column.

const scopeOf = (node: ReadNode, catalog: Catalog, parameters: Parameters): Scope => ({
  alias: node.alias,
  table: node.table,
  catalog,
  parameters,
});

/** The rows of a node, embedded ones included. */
export function readSql(node: ReadNode, catalog: Catalog, parameters: Parameters): string {
  const scope = scopeOf(node, catalog, parameters);
  const fields = node.fields.length === 0 && node.children.length === 0 ? [ALL] : node.fields;
  const selected = [
    ...fields.flatMap((field) => expand(field, node, catalog)).map((field) => selectedSql(field, scope)),
    ...node.children.flatMap((child) => embeddedSql(child, catalog)),
  ];
  const joins = node.children.map((child) => joinSql(child, catalog, parameters));
  const order = node.order.map((term) => orderSql(term, node, scope));
  return [
    `select ${selected.join(", ")} from ${fromSql(node)}`,
    ...joins,
    whereSql(node, scope, (filter) => presenceSql(filter, node)),
    order.length > 0 ? `order by ${order.join(", ")}` : "",
    node.limit === undefined && node.offset === 0 ? "" : `limit ${node.limit ?? "all"} offset ${node.offset}`,
  ].filter(Boolean).join(" ");
}

/** A presence test of rows that are tested for presence repeats their text: this ends before memory does. */
const LONGEST_COUNT = 200_000;

/** One row for each row that there is, without limit: what `count` counts. */
export function countSql(node: ReadNode, catalog: Catalog, parameters: Parameters): string {
  const scope = scopeOf(node, catalog, parameters);
  const texts = new Map<Embed, string>();
  let length = 0;
  const exists = (child: Embed): string => {
    const text = texts.get(child) ?? `exists (${countSql(child, catalog, parameters)})`;
    texts.set(child, text);
    length += text.length;
    if (length <= LONGEST_COUNT) return text;
    throw new ApiError(400, {
      code: "PGRST100",
      message: "The tests for null of embedded resources are too many to count the rows",
    });
  };
  const where = whereSql(
    node,
    scope,
    (filter) => {
      const child = embedFilter(filter, node);
      // the join leaves out rows without one
      if (child?.isInner) return isAbsence(filter) ? "false" : "true";
      return child && `${isAbsence(filter) ? "not " : ""}${exists(child)}`;
    },
    node.children.filter(({ isInner }) => isInner).map(exists),
  );
  return `select 1 from ${fromSql(node)} ${where}`;
}

const ALL: SelectedField = { kind: "field", field: { name: "*", path: [] } };

/** `*` as the table's columns where a domain among them has JSON of its own, or where their names are needed. */
function expand(selected: SelectedField, node: ReadNode, catalog: Catalog): SelectedField[] {
  const columns = [...node.table?.columns.values() ?? []];
  const needsNames = ("isList" in node && node.isList === true) ||
    columns.some(({ type }) => catalog.representations.has(`${type} json`));
  if (selected.field.name !== "*" || !needsNames) return [selected];
  return columns.map(({ name }) => ({ kind: "field", field: { name, path: [] } }));
}

function selectedSql({ field, alias, cast }: SelectedField, { ...scope }: Scope): string {
  const writer = field.path.length === 0
    ? scope.catalog.representations.get(`${scope.table?.columns.get(field.name)?.type} json`)
    : undefined;
  const value = writer ? `${writer}(${fieldSql(field, scope)})` : fieldSql(field, scope);
  const name = alias ?? (field.path.length > 0 ? jsonName(field) : writer ? field.name : undefined);
  return `${cast ? `cast(${value} as ${cast})` : value}${name === undefined ? "" : ` as ${ident(name)}`}`;
}

const nameOf = ({ field, alias }: SelectedField): string => alias ?? jsonName(field);

function fromSql(node: ReadNode): string {
  const { from, alias } = node;
  const relationship = "relationship" in node ? (node as Embed).relationship : undefined;
  if (relationship?.call) {
    // the cast chooses among functions of the same name
    const row = `(${column((node as Embed).parent, "*")})::${qualified(relationship.origin)}`;
    return `${qualified(relationship.call)}(${row}) as ${qualified(alias)}`;
  }
  const junction = relationship?.junction ? `, ${qualified(relationship.junction.table)}` : "";
  return `${qualified(from)}${alias === from ? "" : ` as ${qualified(alias)}`}${junction}`;
}

function whereSql(
  node: ReadNode,
  scope: Scope,
  test: (filter: Filter) => string | undefined,
  more: string[] = [],
): string {
  const conditions = [
    ...node.where.map((logic) => logicSql(logic, scope, test)),
    ..."relationship" in node ? joinConditions(node as Embed) : [],
    ...more,
  ];
  return conditions.length > 0 ? `where ${conditions.join(" and ")}` : "";
}

function joinConditions({ relationship, parent, alias }: Embed): string[] {
  const { columns, junction } = relationship;
  if (!junction) return columns.map(([own, other]) => `${column(alias, other)} = ${column(parent, own)}`);
  return [
    ...junction.target.map(([own, other]) => `${column(alias, other)} = ${column(junction.table, own)}`),
    ...junction.origin.map(([own, other]) => `${column(junction.table, own)} = ${column(parent, other)}`),
  ];
}

const isToOne = ({ relationship }: Embed): boolean => (relationship as Relationship).isToOne;

/** Whether nothing of an embedded table is returned: it only filters. */
const isEmpty = (embed: Embed): boolean => embed.fields.length === 0 && embed.children.every(isEmpty);

/** The columns that an embedded table adds to its parent's rows. */
function embeddedSql(embed: Embed, catalog: Catalog): string[] {
  const rows = ident(embed.aggregate);
  if (embed.isSpread) {
    const names = spreadNames(embed, catalog);
    // all of its columns include those that are spread within it
    return (names.includes("*") ? ["*"] : names).map((name) => column(alias(embed), name));
  }
  if (isEmpty(embed)) return [];
  return [
    isToOne(embed)
      ? `row_to_json(${rows}.*)::jsonb as ${ident(embed.label)}`
      : `coalesce(${rows}.${rows}, '[]') as ${ident(embed.label)}`,
  ];
}

const alias = ({ aggregate }: Embed): Name => ({ schema: "", name: aggregate });

/** The names of the columns that a spread adds, those of what it embeds included. */
function spreadNames(embed: Embed, catalog: Catalog): string[] {
  return [
    ...embed.fields.flatMap((field) => expand(field, embed, catalog)).map(nameOf),
    ...embed.children.flatMap((child) =>
      child.isSpread ? spreadNames(child, catalog) : isEmpty(child) ? [] : [child.label]
    ),
  ];
}

function joinSql(embed: Embed, catalog: Catalog, parameters: Parameters): string {
  const rows = ident(embed.aggregate);
  const inside = readSql(embed, catalog, parameters);
  const kind = embed.isInner ? "inner" : "left";
  if (isToOne(embed)) return `${kind} join lateral (${inside}) as ${rows} on true`;
  // null when there are no rows
  const lists = embed.isSpread
    ? [
      ...spreadNames(embed, catalog).map((name) =>
        `coalesce(json_agg(${column(alias(embed), name)})::jsonb, '[]') as ${ident(name)}`
      ),
      `nullif(count(*), 0) as ${rows}`,
    ]
    : [`json_agg(${rows}.*)::jsonb as ${rows}`];
  const condition = embed.isInner ? `${rows}.${rows} is not null` : "true";
  return `${kind} join lateral (select ${
    lists.join(", ")
  } from (${inside}) as ${rows}) as ${rows} on ${condition}`;
}

const isAbsence = ({ isNegated, operation }: Filter): boolean =>
  isNegated !== (operation.kind === "is" && operation.value === "null");

/** The condition of a filter that tests whether an embedded row exists. */
function presenceSql(filter: Filter, node: ReadNode): string | undefined {
  const embed = embedFilter(filter, node);
  if (!embed) return undefined;
  const rows = ident(embed.aggregate);
  const value = isToOne(embed) ? `${rows}.*` : `${rows}.${rows}`;
  return `${value} is ${isAbsence(filter) ? "not " : ""}distinct from null`;
}

function orderSql(term: OrderTerm, node: ReadNode, scope: Scope): string {
  const embed = term.relation === undefined ? undefined : embedOf(node, term.relation);
  const value = embed
    ? fieldSql(term.field, { ...scope, alias: alias(embed), table: embed.table })
    : fieldSql(term.field, scope);
  return [value, term.direction, term.nulls].filter(Boolean).join(" ");
}
