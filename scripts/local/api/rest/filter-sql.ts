import type { Catalog, Table } from "./catalog.ts";
import type { Field, JsonStep } from "./fields.ts";
import type { Filter, Logic } from "./filters.ts";
import { arrayText, column, literal, type Name, type Parameters } from "./sql.ts";

/** The columns that a part of a statement may use. */
export interface Scope {
  /** The name of the rows in the statement. */
  alias: Name;
  /** The table whose columns they have, if it is known. */
  table: Table | undefined;
  catalog: Pick<Catalog, "representations">;
  parameters: Parameters;
}

const columnType = ({ table }: Scope, name: string): string | undefined => table?.columns.get(name)?.type;

/** A column, or the JSON value at a path in it. */
export function fieldSql({ name, path }: Field, scope: Scope): string {
  const value = column(scope.alias, name);
  if (path.length === 0) return value;
  const isJson = ["json", "jsonb"].includes(columnType(scope, name) ?? "");
  return `${isJson ? value : `to_jsonb(${value})`}${path.map(stepSql).join("")}`;
}

const stepSql = ({ key, isIndex, asText }: JsonStep): string =>
  `${asText ? "->>" : "->"}${isIndex ? `('${key}'::integer)` : literal(key)}`;

/**
 * A condition.
 *
 * @param test what stands for a filter that is not on a column, such as the presence of an embedded row
 */
export function logicSql(logic: Logic, scope: Scope, test: (filter: Filter) => string | undefined): string {
  if (logic.kind === "filter") return test(logic) ?? filterSql(logic, scope);
  const terms = logic.terms.map((term) => logicSql(term, scope, test));
  return `${logic.isNegated ? "not " : ""}(${terms.join(logic.kind === "and" ? " and " : " or ")})`;
}

function filterSql({ field, isNegated, operation }: Filter, scope: Scope): string {
  const { parameters, catalog } = scope;
  const not = isNegated ? "not " : "";
  const left = `${not}${fieldSql(field, scope)}`;
  // a domain may read the text of a query string by a function of its own
  const reader = field.path.length === 0
    ? catalog.representations.get(`text ${columnType(scope, field.name)}`)
    : undefined;
  const value = (text: string): string =>
    reader ? `${reader}(${parameters.bind(text)})` : parameters.bind(text);
  switch (operation.kind) {
    case "simple":
      return `${left} ${operation.operator} ${value(operation.value)}`;
    case "quantified": {
      const isPattern = operation.operator.endsWith("like");
      const right = isPattern
        ? parameters.bind(operation.value.replaceAll("*", "%"))
        : value(operation.value);
      return `${left} ${operation.operator} ${
        operation.quantifier ? `${operation.quantifier}(${right})` : right
      }`;
    }
    case "is":
      return `${left} is ${operation.value}`;
    case "distinct":
      return `${left} is distinct from ${parameters.bind(operation.value)}`;
    case "in": {
      const isEmpty = operation.values.length === 1 && operation.values[0] === "";
      const values = parameters.bind(isEmpty ? "{}" : arrayText(operation.values));
      return `${left} = any(${reader ? `(select ${reader}(unnest(${values}::text[])))` : values})`;
    }
    case "search": {
      const language = operation.language === undefined
        ? ""
        : `${parameters.bind(operation.language)}::regconfig, `;
      const type = columnType(scope, field.name);
      const vector = type === "tsvector" || type === undefined
        ? fieldSql(field, scope)
        : `to_tsvector(${language}${fieldSql(field, scope)})`;
      return `${not}${vector} @@ ${operation.call}(${language}${parameters.bind(operation.value)})`;
    }
  }
}
