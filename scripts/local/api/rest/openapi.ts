import type postgres from "postgres";
import { type Column, loadRoutines, loadTables, type Routine, type Table } from "./openapi-catalog.ts";

// docs.postgrest.org/en/v14/references/api/openapi.html

type Json = Record<string, unknown>;

/**
 * The OpenAPI 2.0 description of a schema, as PostgREST writes it: the tables and functions that the role may
 * use.
 */
export async function describeSchema(sql: postgres.Sql, schema: string, role: string): Promise<Json> {
  const tables = await loadTables(sql, schema, role);
  const routines = await loadRoutines(sql, schema, role);
  const [about] = await sql<{ comment: string | null }[]>`
    select obj_description(to_regnamespace(quote_ident(${schema})), 'pg_namespace') as comment
  `;
  const media = ["application/json", "application/vnd.pgrst.object+json;nulls=stripped"];
  media.push("application/vnd.pgrst.object+json", "text/csv");
  return {
    swagger: "2.0",
    info: { title: about?.comment ?? "standard public schema", description: "", version: "14.1" },
    host: "127.0.0.1",
    basePath: "/",
    schemes: ["http"],
    consumes: media,
    produces: media,
    paths: {
      "/": {
        get: {
          tags: ["Introspection"],
          summary: "OpenAPI description (this document)",
          produces: ["application/openapi+json", "application/json"],
          responses: { 200: { description: "OK" } },
        },
      },
      ...Object.fromEntries(tables.map((table) => [`/${table.name}`, tablePath(table)])),
      ...Object.fromEntries(routines.map((routine) => [`/rpc/${routine.name}`, routinePath(routine)])),
    },
    definitions: Object.fromEntries(tables.map((table) => [table.name, definition(table)])),
    parameters: { ...PARAMETERS, ...Object.assign({}, ...tables.map(tableParameters)) },
  };
}

const SCALARS = new Map(Object.entries({
  boolean: "boolean",
  smallint: "integer",
  integer: "integer",
  bigint: "integer",
  numeric: "number",
  real: "number",
  "double precision": "number",
}));

function typeOf(type: string): Json {
  if (type === "json" || type === "jsonb") return { format: type };
  if (type.endsWith("[]")) return { format: type, type: "array", items: scalar(type.slice(0, -2)) };
  return { format: type, ...scalar(type) };
}

const scalar = (type: string): Json =>
  type === "json" || type === "jsonb" ? {} : { type: SCALARS.get(type) ?? "string" };

function definition(table: Table): Json {
  const required = table.columns.filter((column) => !column.nullable).map((column) => column.name);
  return {
    ...(table.comment ? { description: table.comment } : {}),
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(table.columns.map((column) => [column.name, property(column)])),
    type: "object",
  };
}

function property(column: Column): Json {
  const { references } = column;
  const notes = [
    ...(column.isKey ? ["This is a Primary Key.<pk/>"] : []),
    ...(references
      ? [
        `This is a Foreign Key to \`${references.table}.${references.column}\`.` +
        `<fk table='${references.table}' column='${references.column}'/>`,
      ]
      : []),
  ];
  const description = [
    ...(column.comment ? [column.comment] : []),
    ...(notes.length > 0 ? [["Note:", ...notes].join("\n")] : []),
  ].join("\n\n");
  return {
    ...typeOf(column.type),
    ...(column.default === null ? {} : defaultOf(column)),
    ...(description ? { description } : {}),
    ...(column.values ? { enum: column.values } : {}),
    ...(column.maxLength ? { maxLength: column.maxLength } : {}),
  };
}

/** A default as a value, or as an expression where the type is a string's; nothing where neither fits. */
function defaultOf(column: Column): Json {
  const text = column.default ?? "";
  if (typeOf(column.type).type === "string") {
    const end = `'::${column.type}`;
    return { default: text.startsWith("'") && text.endsWith(end) ? text.slice(1, -end.length) : text };
  }
  try {
    return { default: JSON.parse(text) as unknown };
  } catch {
    return {};
  }
}

const ref = (name: string): Json => ({ $ref: `#/parameters/${name}` });
const OK = { 200: { description: "OK" } };

/** The first line of a comment is the summary, the rest the description. */
function summarize(comment: string | null): Json {
  const [summary = "", ...rest] = (comment ?? "").split("\n");
  const description = rest.join("\n").replace(/^\n+/, "");
  return { ...(summary ? { summary } : {}), ...(description ? { description } : {}) };
}

function tablePath(table: Table): Json {
  const { name } = table;
  const about = { tags: [name], ...summarize(table.comment) };
  const filters = table.columns.map((column) => ref(`rowFilter.${name}.${column.name}`));
  const paging = ["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"].map(ref);
  const rows = { type: "array", items: { $ref: `#/definitions/${name}` } };
  const noContent = { 204: { description: "No Content" } };
  const body = ref(`body.${name}`);
  return {
    get: {
      ...about,
      parameters: [...filters, ...paging],
      responses: { 200: { description: "OK", schema: rows }, 206: { description: "Partial Content" } },
    },
    ...(table.isWritable
      ? {
        post: {
          ...about,
          parameters: [body, ref("select"), ref("preferPost")],
          responses: { 201: { description: "Created" } },
        },
        patch: { ...about, parameters: [...filters, body, ref("preferReturn")], responses: noContent },
        delete: { ...about, parameters: [...filters, ref("preferReturn")], responses: noContent },
      }
      : {}),
  };
}

function routinePath(routine: Routine): Json {
  const about = {
    tags: [`(rpc) ${routine.name}`],
    ...summarize(routine.comment),
    produces: ["application/json", "application/vnd.pgrst.object+json"],
  };
  const required = routine.arguments.filter((argument) => argument.isRequired).map((argument) =>
    argument.name
  );
  const schema = {
    ...(routine.comment ? { description: routine.comment } : {}),
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(routine.arguments.map(({ name, type }) => [name, typeOf(type)])),
    type: "object",
  };
  const query = routine.arguments.map(({ name, type, isRequired, isVariadic }) => ({
    name,
    in: "query",
    required: isRequired,
    ...(isVariadic
      ? { ...typeOf(type), collectionFormat: "multi" }
      : { format: type, type: SCALARS.get(type) ?? "string" }),
  }));
  const args = { name: "args", in: "body", required: true, schema };
  return {
    ...(routine.isVolatile ? {} : { get: { ...about, parameters: query, responses: OK } }),
    post: { ...about, parameters: [args, ref("preferParams")], responses: OK },
  };
}

const text = (name: string, where: "query" | "header", description: string, more: Json = {}): Json => ({
  name,
  in: where,
  required: false,
  type: "string",
  description,
  ...more,
});

const RETURNS = ["return=representation", "return=minimal", "return=none"];
const RESOLUTIONS = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];

const PARAMETERS: Json = {
  preferParams: text("Prefer", "header", "Preference"),
  preferReturn: text("Prefer", "header", "Preference", { enum: RETURNS }),
  preferCount: text("Prefer", "header", "Preference", { enum: ["count=none"] }),
  preferPost: text("Prefer", "header", "Preference", { enum: [...RETURNS, ...RESOLUTIONS] }),
  select: text("select", "query", "Filtering Columns"),
  on_conflict: text("on_conflict", "query", "On Conflict"),
  order: text("order", "query", "Ordering"),
  range: text("Range", "header", "Limiting and Pagination"),
  rangeUnit: text("Range-Unit", "header", "Limiting and Pagination", { default: "items" }),
  offset: text("offset", "query", "Limiting and Pagination"),
  limit: text("limit", "query", "Limiting and Pagination"),
};

function tableParameters({ name, columns }: Table): Json {
  return Object.fromEntries([
    [`body.${name}`, {
      name,
      in: "body",
      required: false,
      description: name,
      schema: { $ref: `#/definitions/${name}` },
    }],
    ...columns.map((column) => [
      `rowFilter.${name}.${column.name}`,
      {
        name: column.name,
        in: "query",
        required: false,
        type: "string",
        description: column.comment ?? undefined,
      },
    ]),
  ]);
}
