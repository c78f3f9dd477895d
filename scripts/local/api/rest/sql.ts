import type postgres from "postgres";

/** Has a text with and without parameters be one statement: the simple protocol would take several. */
export const EXTENDED = { prepare: false, simple: false } as postgres.UnsafeQueryOptions;

/** A schema's table, view or function. */
export interface Name {
  schema: string;
  name: string;
}

/** PostgreSQL's text has no NUL: what follows one is cut off, as PostgREST does. */
const cut = (text: string): string => text.split("\0", 1)[0] ?? "";

/** A quoted identifier. */
export const ident = (name: string): string => `"${cut(name).replaceAll('"', '""')}"`;

/** A quoted text, for names that the catalog or a JSON path brings. */
export const literal = (text: string): string => `'${cut(text).replaceAll("'", "''")}'`;

/** A name with its schema; aliases have none. */
export const qualified = ({ schema, name }: Name): string =>
  schema === "" ? ident(name) : `${ident(schema)}.${ident(name)}`;

export const column = (table: Name, name: string): string =>
  `${qualified(table)}.${name === "*" ? "*" : ident(name)}`;

/** The values of a statement's parameters, all in text form: the server converts them. */
export class Parameters {
  readonly values: (string | null)[] = [];

  /** Adds a value; returns its placeholder. */
  bind(value: string | null): string {
    this.values.push(value === null ? null : cut(value));
    return `$${this.values.length}`;
  }
}

/** An array in text form, of elements that are given as text. */
export const arrayText = (values: string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
