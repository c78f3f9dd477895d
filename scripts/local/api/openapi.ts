import type postgres from "postgres";

interface Column {
  name: string;
  type: string;
  nullable: boolean;
  default: string | null;
  comment: string | null;
  maxLength: number | null;
  values: string[] | null;
  isKey: boolean;
  references: { table: string; column: string } | null;
}

interface Table {
  name: string;
  comment: string | null;
  isWritable: boolean;
  columns: Column[];
}

interface Routine {
  name: string;
  comment: string | null;
  isVolatile: boolean;
  arguments: { name: string; type: string; isRequired: boolean; isVariadic: boolean }[];
}

type Json = Record<string, unknown>;

/** The OpenAPI 2.0 description of a schema, as PostgREST writes it: what the role may use, named and typed by the catalogue. */
export async function describeSchema(sql: postgres.Sql, schema: string, role: string): Promise<Json> {
  const tables = await readTables(sql, schema, role);
  const routines = await readRoutines(sql, schema, role);
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

async function readTables(sql: postgres.Sql, schema: string, role: string): Promise<Table[]> {
  return await sql<Table[]>`
    select c.relname as name, obj_description(c.oid, 'pg_class') as comment,
      has_table_privilege(${role}, c.oid, 'insert, update, delete')
        and pg_relation_is_updatable(c.oid, true) <> 0 as "isWritable",
      json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
        'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
        'comment', col_description(c.oid, a.attnum),
        'maxLength', case when a.atttypid in (1042, 1043) and a.atttypmod > 4 then a.atttypmod - 4 end,
        'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid),
        'isKey', exists (select from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)),
        'references', (select json_build_object('table', t.relname, 'column', r.attname)
          from pg_constraint k
          join pg_class t on t.oid = k.confrelid
          join pg_attribute r on r.attrelid = t.oid and r.attnum = k.confkey[1]
          where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum] limit 1)
      ) order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = to_regnamespace(quote_ident(${schema})) and c.relkind in ('r', 'v', 'm', 'f', 'p')
      and not c.relispartition
      and (has_table_privilege(${role}, c.oid, 'select, insert, update, delete')
        or has_any_column_privilege(${role}, c.oid, 'select, insert, update'))
    group by c.oid, c.relname
    order by c.relname
  `;
}

async function readRoutines(sql: postgres.Sql, schema: string, role: string): Promise<Routine[]> {
  return await sql<Routine[]>`
    select distinct on (p.proname) p.proname as name, obj_description(p.oid, 'pg_proc') as comment,
      p.provolatile = 'v' as "isVolatile",
      coalesce((
        select json_agg(json_build_object('name', a.name, 'type', format_type(a.type, null),
          'isRequired', a.at <= p.pronargs - p.pronargdefaults, 'isVariadic', p.provariadic <> 0 and a.at = p.pronargs)
          order by a.at)
        from unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) with ordinality as a (type, name, at)
        where a.name <> ''
      ), '[]') as arguments
    from pg_proc p
    where p.pronamespace = to_regnamespace(quote_ident(${schema})) and p.prokind = 'f'
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
      and has_function_privilege(${role}, p.oid, 'execute')
    order by p.proname, p.pronargs
  `;
}

const SCALARS: Record<string, string | undefined> = {
  boolean: "boolean",
  smallint: "integer",
  integer: "integer",
  bigint: "integer",
  numeric: "number",
  real: "number",
  "double precision": "number",
};

function typeOf(type: string): Json {
  if (type === "json" || type === "jsonb") return { format: type };
  if (type.endsWith("[]")) return { format: type, type: "array", items: scalar(type.slice(0, -2)) };
  return { format: type, ...scalar(type) };
}

const scalar = (type: string): Json =>
  type === "json" || type === "jsonb" ? {} : { type: SCALARS[type] ?? "string" };

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

/** A default as a value where it is one; an expression where its type is a string's, nothing where neither fits. */
function defaultOf(column: Column): Json {
  const text = column.default ?? "";
  if (typeOf(column.type).type === "string") {
    return { default: text.replace(new RegExp(`^'(.*)'::${column.type}$`), "$1") };
  }
  try {
    return { default: JSON.parse(text) as unknown };
  } catch {
    return {};
  }
}

const ref = (name: string): Json => ({ $ref: `#/parameters/${name}` });
const OK = { 200: { description: "OK" } };

/** The first line of a comment is the summary, what follows the description. */
function words(comment: string | null): Json {
  const [summary = "", ...rest] = (comment ?? "").split("\n");
  const description = rest.join("\n").replace(/^\n+/, "");
  return { ...(summary ? { summary } : {}), ...(description ? { description } : {}) };
}

function tablePath(table: Table): Json {
  const { name } = table;
  const about = { tags: [name], ...words(table.comment) };
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
    ...words(routine.comment),
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
      : { format: type, type: SCALARS[type] ?? "string" }),
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
