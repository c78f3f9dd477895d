import { type Catalog, key, type Table } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import type { Logic } from "./filters.ts";
import { findRelationship } from "./find-relationship.ts";
import type { Query } from "./query-string.ts";
import type { Relationship } from "./relationships.ts";
import type { OrderTerm, Selected, SelectedField } from "./select.ts";
import type { Name } from "./sql.ts";

/** The common table expression with the rows of a write or call. */
export const SOURCE = "api_rows";

/** What is read of one table, view or function: of the request's own, and of each embedded one. */
export interface ReadNode {
  from: Name;
  /** The table whose columns it has; a call may return something else. */
  table: Table | undefined;
  /** The name by which the statement refers to it. */
  alias: Name;
  fields: SelectedField[];
  where: Logic[];
  order: OrderTerm[];
  offset: number;
  limit: number | undefined;
  children: Embed[];
}

/** An embedded table, view or computed relationship. */
export interface Embed extends ReadNode {
  /** As the request names it. */
  name: string;
  label: string;
  isInner: boolean;
  isSpread: boolean;
  /** Whether its columns become arrays: a spread to many, or a spread within one. */
  isList: boolean;
  relationship: Relationship;
  /** The name of its rows in the parent's statement. */
  aggregate: string;
  parent: Name;
}

export interface ReadOptions {
  catalog: Catalog;
  maxRows: number;
  /** Whether the rows are those of a write, which has filters, order and range of its own, or of a call. */
  source: "table" | "write" | "call";
}

/**
 * Plans what a request reads.
 *
 * @param target the table or view; of a call, the table whose rows it returns, or its own name
 * @throws ApiError when a relationship is unknown or ambiguous, or a parameter is for what is not embedded
 */
export function planRead(target: Name, query: Query, options: ReadOptions): ReadNode {
  const { catalog, source } = options;
  const root: ReadNode = {
    ...emptyNode(),
    from: source === "table" ? target : { schema: "", name: SOURCE },
    table: catalog.tables.get(key(target)),
    alias: source === "table" ? target : { schema: "", name: target.name },
  };
  addSelect(root, target, query.select, 1, catalog);
  for (const { path, value } of query.filters) {
    if (source !== "write" || path.length > 0) nodeAt(root, path).where.push(value);
  }
  for (const { path, value } of query.logic) {
    if (source !== "write" || path.length > 0) nodeAt(root, path).where.push(value);
  }
  if (source !== "write") {
    for (const { path, value } of query.orders) nodeAt(root, path).order = value;
    for (const { path, value } of query.ranges) Object.assign(nodeAt(root, path), value);
    limitRows(root, options.maxRows);
  }
  check(root, target.name);
  return root;
}

const emptyNode = () => ({
  fields: [] as SelectedField[],
  where: [] as Logic[],
  order: [] as OrderTerm[],
  offset: 0,
  limit: undefined as number | undefined,
  children: [] as Embed[],
});

function addSelect(node: ReadNode, origin: Name, select: Selected[], depth: number, catalog: Catalog): void {
  for (const item of select) {
    if (item.kind === "field") {
      if (item.aggregate) {
        throw new ApiError(400, { code: "PGRST123", message: "Use of aggregate functions is not allowed" });
      }
      node.fields.push(item);
      continue;
    }
    const relationship = findRelationship(catalog.relationships, origin, item.name, item.hint);
    const { target, kind } = relationship;
    const embed: Embed = {
      ...emptyNode(),
      from: target,
      table: catalog.tables.get(key(target)),
      alias: kind === "many-to-many" ? target : { schema: "", name: `${target.name}_${depth}` },
      name: item.name,
      label: item.alias ?? item.name,
      isInner: item.isInner,
      isSpread: item.isSpread,
      isList: item.isSpread && (!relationship.isToOne || ("isList" in node && node.isList === true)),
      relationship,
      aggregate: `${origin.name}_${item.alias ?? item.name}_${depth}`,
      parent: node.alias,
    };
    node.children.push(embed);
    addSelect(embed, target, item.select, depth + 1, catalog);
  }
}

/** The node at the end of a path of names or aliases. */
function nodeAt(node: ReadNode, [name, ...rest]: string[]): ReadNode {
  if (name === undefined) return node;
  const child = node.children.find((each) => each.name === name || each.label === name);
  if (!child) throw notEmbedded(name);
  return nodeAt(child, rest);
}

const notEmbedded = (name: string): ApiError =>
  new ApiError(400, {
    code: "PGRST108",
    message: `'${name}' is not an embedded resource in this request`,
    hint: `Verify that '${name}' is included in the 'select' query parameter.`,
  });

function limitRows(node: ReadNode, maxRows: number): void {
  node.limit = Math.min(node.limit ?? maxRows, maxRows);
  for (const child of node.children) limitRows(child, maxRows);
}

/** Rejects orders by, and filters on, what is embedded where they have no meaning. */
function check(node: ReadNode, name: string): void {
  for (const { relation } of node.order) {
    if (relation === undefined) continue;
    const embed = embedOf(node, relation);
    if (!embed) throw notEmbedded(relation);
    if (!embed.relationship.isToOne) {
      throw new ApiError(400, {
        code: "PGRST118",
        message: `A related order on '${relation}' is not possible`,
        details: `'${name}' and '${relation}' do not form a many-to-one or one-to-one relationship`,
      });
    }
  }
  for (const logic of node.where) checkLogic(logic, node);
  for (const child of node.children) check(child, child.from.name);
}

function checkLogic(logic: Logic, node: ReadNode): void {
  if (logic.kind !== "filter") return logic.terms.forEach((term) => checkLogic(term, node));
  const { field: { name, path } } = logic;
  const embed = path.length === 0 && !node.table?.columns.has(name) ? embedOf(node, name) : undefined;
  if (!embed || isNullTest(logic)) return;
  throw new ApiError(400, {
    code: "PGRST120",
    message: `Bad operator on the '${embed.label}' embedded resource`,
    details: "Only is null or not is null filters are allowed on embedded resources",
  });
}

/** The embedded table whose presence a filter tests. Any other filter is on the column of that name. */
export function embedFilter(logic: Logic, node: ReadNode): Embed | undefined {
  if (logic.kind !== "filter" || logic.field.path.length > 0 || !isNullTest(logic)) return undefined;
  return embedOf(node, logic.field.name);
}

const isNullTest = (logic: Logic): boolean =>
  logic.kind === "filter" && logic.operation.kind === "is" &&
  ["null", "not null"].includes(logic.operation.value);

export const embedOf = (node: ReadNode, label: string): Embed | undefined =>
  node.children.find((each) => each.label === label);

/** Whether a read is of all columns and nothing else. */
export const isWhole = ({ fields, children }: ReadNode): boolean =>
  children.length === 0 && fields.length === 1 && fields[0]?.field.name === "*";
