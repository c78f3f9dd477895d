import type postgres from "postgres";

// Fixes in @supabase/lite: the driver parses and serializes values by its own short list of types, so that
// arrays of other types, composites, domains, infinite numbers and timestamps have other forms than `to_json`
// gives them.
// Unnecessary when: lite lets the server convert rows to and from JSON, as PostgREST does.

/** A type of the catalog, as far as its values are converted. */
interface PgType {
  kind: "array" | "composite" | "domain" | "other";
  /** An array's element or a domain's base type. */
  of: number;
  delimiter: string;
  attributes: { name: string; type: number }[];
}

const OID = {
  bool: 16,
  bytea: 17,
  json: 114,
  float4: 700,
  float8: 701,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
} as const;

const NUMBERS: ReadonlySet<number> = new Set([OID.float4, OID.float8, OID.numeric]);

/**
 * Converts values between JSON and PostgreSQL's text form, by type, as `json_populate_record` and `to_json`
 * do.
 */
export class PgTypes {
  #types = new Map<number, PgType>();

  /** Loads the types and makes the driver convert by them. */
  async load(sql: postgres.Sql): Promise<void> {
    const rows = await sql<(PgType & { oid: number })[]>`
      select t.oid::integer as oid,
        case
          when t.typtype = 'd' then 'domain'
          when t.typtype = 'c' then 'composite'
          when t.typelem <> 0 and t.typsubscript = 'array_subscript_handler'::regproc then 'array'
          else 'other'
        end as kind,
        case when t.typtype = 'd' then t.typbasetype else t.typelem end::integer as of,
        t.typdelim as delimiter,
        coalesce(a.attributes, '[]') as attributes
      from pg_catalog.pg_type t
      left join lateral (
        select json_agg(json_build_object('name', attname, 'type', atttypid::integer) order by attnum) as attributes
        from pg_catalog.pg_attribute
        where t.typtype = 'c' and attrelid = t.typrelid and attnum > 0 and not attisdropped
      ) a on true
      where t.typtype <> 'p'
    `;
    this.#types = new Map(rows.map((row) => [row.oid, row]));
    const { parsers, serializers } = sql.options;
    for (const [oid, { kind }] of this.#types) {
      if (kind !== "other" || oid === OID.bool || oid === OID.bytea || isTextual(oid)) {
        parsers[oid] = (text: string) => this.decode(text, oid);
        serializers[oid] = (value: unknown) =>
          typeof value === "string" ? value : this.encode(value, oid) ?? "";
      }
    }
    // a string for a json parameter may be JSON text already: auth's own statements and filters send that
    for (const oid of [OID.json, OID.jsonb]) {
      parsers[oid] = (text: string) => this.decode(text, oid);
      serializers[oid] = (value: unknown) =>
        typeof value === "string" && isJsonText(value) ? value : JSON.stringify(value);
    }
  }

  /** A JSON value in a type's text form; null for SQL null. */
  encode(value: unknown, oid: number): string | null {
    if (value === null || value === undefined) return null;
    const type = this.#types.get(oid);
    if (type?.kind === "domain") return this.encode(value, type.of);
    if (oid === OID.json || oid === OID.jsonb) return JSON.stringify(value);
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
    if (value instanceof Date) return value.toISOString();
    if (type?.kind === "array" && Array.isArray(value)) return this.#encodeArray(value, type);
    if (type?.kind === "composite" && typeof value === "object" && !Array.isArray(value)) {
      const fields = value as Record<string, unknown>;
      const parts = type.attributes.map(({ name, type: of }) => this.encode(fields[name], of));
      return `(${parts.map((part) => part === null ? "" : quoteText(part)).join(",")})`;
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  #encodeArray(values: unknown[], type: PgType): string {
    const parts = values.map((value) => {
      if (Array.isArray(value) && !this.isJson(type.of)) return this.#encodeArray(value, type);
      const text = this.encode(value, type.of);
      return text === null ? "NULL" : quoteText(text);
    });
    return `{${parts.join(type.delimiter)}}`;
  }

  /** Whether a type is json, jsonb or a domain over one of them. */
  isJson(oid: number): boolean {
    const type = this.#types.get(oid);
    return oid === OID.json || oid === OID.jsonb || (type?.kind === "domain" && this.isJson(type.of));
  }

  /** A value in a type's text form as the JSON that `to_json` returns. */
  decode(text: string, oid: number): unknown {
    const type = this.#types.get(oid);
    if (type?.kind === "domain") return this.decode(text, type.of);
    if (type?.kind === "array") return parseArray(text, type.delimiter, (item) => this.decode(item, type.of));
    if (type?.kind === "composite") {
      const fields = parseRecord(text);
      return Object.fromEntries(type.attributes.map(({ name, type: of }, at) => {
        const field = fields[at] ?? null;
        return [name, field === null ? null : this.decode(field, of)];
      }));
    }
    if (oid === OID.json || oid === OID.jsonb) return JSON.parse(text);
    if (oid === OID.bool) return text === "t";
    if (oid === OID.timestamp) return text.replace(" ", "T");
    if (oid === OID.timestamptz) return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
    if (NUMBERS.has(oid)) return parseNumber(text);
    return oid === 20 || oid === 21 || oid === 23 || oid === 26 ? parseNumber(text) : text;
  }
}

const isTextual = (oid: number): boolean =>
  oid === OID.timestamp || oid === OID.timestamptz || NUMBERS.has(oid);

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** NaN and the infinities have no JSON number; `to_json` writes them as strings. */
function parseNumber(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

const quoteText = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** `{a,"b c",NULL,{…}}`, with or without its bounds. */
function parseArray(text: string, delimiter: string, parse: (item: string) => unknown): unknown[] {
  let at = text.indexOf("{");
  const list = (): unknown[] => {
    const items: unknown[] = [];
    at++;
    while (text[at] !== "}") {
      if (text[at] === delimiter) at++;
      if (text[at] === "{") {
        items.push(list());
      } else if (text[at] === '"') {
        items.push(parse(quoted()));
      } else {
        const start = at;
        while (text[at] !== delimiter && text[at] !== "}") at++;
        const item = text.slice(start, at);
        items.push(item === "NULL" ? null : parse(item));
      }
    }
    at++;
    return items;
  };
  const quoted = (): string => {
    let item = "";
    for (at++; text[at] !== '"'; at++) item += text[at] === "\\" ? text[++at] : text[at];
    at++;
    return item;
  };
  return list();
}

/** `(1,"a ""quoted"" text",)`: the fields of a row, null where a field is empty. */
function parseRecord(text: string): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 1;
  while (at < text.length) {
    let field: string | null = null;
    while (text[at] !== "," && text[at] !== ")") {
      field ??= "";
      if (text[at] !== '"') {
        field += text[at++];
        continue;
      }
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        field += text[at] === "\\" || text[at] === '"' ? text[++at] : text[at];
      }
      at++;
    }
    fields.push(field);
    at++;
  }
  return fields;
}
