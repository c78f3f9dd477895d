import type postgres from "postgres";
import type { Name } from "./sql.ts";

export interface Parameter {
  /** Empty for an unnamed one. */
  name: string;
  /** With its schema unless that is `pg_catalog`. */
  type: string;
  isRequired: boolean;
  isVariadic: boolean;
}

/** A function of an exposed schema. */
export interface Routine extends Name {
  parameters: Parameter[];
  /** What it returns: the table or type. */
  returns: Name;
  isSet: boolean;
  /** Whether it returns rows: of a table or composite type, or as its output arguments. */
  isComposite: boolean;
  isVolatile: boolean;
  /** Settings of the function that hold for the whole transaction. */
  settings: [name: string, value: string][];
}

/** Settings that apply to the whole request when a function has them (`create function … set`). */
const HOISTED = ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"];

interface Row extends Pick<Routine, "schema" | "name" | "returns" | "isSet" | "isVolatile"> {
  /** Of all arguments, those that only return something too. */
  types: string[];
  /** Null where none has one. */
  names: string[] | null;
  /** Null where all are for input: `i`, `o`, `b` for both, `v` for variadic, `t` for a returned column. */
  modes: string[] | null;
  /** The number of arguments that have no default, the first ones. */
  required: number;
  returnsRow: boolean;
  config: string[] | null;
}

/** Loads the functions that can be called, those with fewer arguments first. */
export async function loadRoutines(sql: postgres.TransactionSql, exposed: string[]): Promise<Routine[]> {
  const rows = await sql<Row[]>`
    select n.nspname as schema, p.proname as name, p.proretset as "isSet", p.provolatile = 'v' as "isVolatile",
      array_to_json(coalesce(p.proallargtypes, p.proargtypes::oid[])::regtype[]::text[]) as types,
      array_to_json(p.proargnames) as names, array_to_json(p.proargmodes::text[]) as modes,
      p.pronargs - p.pronargdefaults as required,
      json_build_object('schema', (select nspname from pg_namespace where oid = t.typnamespace), 'name', t.typname)
        as returns,
      t.typtype = 'c' as "returnsRow", array_to_json(p.proconfig) as config
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type t on t.oid = pg_basetype(p.prorettype)
    where p.prokind = 'f' and p.prorettype <> 'trigger'::regtype and n.nspname in ${sql(exposed)}
    order by p.pronargs, p.oid
  `;
  return rows.map(routineOf).filter(isCallable);
}

function routineOf(row: Row): Routine {
  const { schema, name, returns, isSet, isVolatile, modes, returnsRow, config } = row;
  return {
    schema,
    name,
    parameters: parametersOf(row),
    returns,
    isSet,
    isComposite: returnsRow || (modes ?? []).some((mode) => "obt".includes(mode)),
    isVolatile,
    settings: (config ?? []).map(parseSetting).filter(([setting]) => HOISTED.includes(setting)),
  };
}

/** The arguments that a call may give. */
const parametersOf = ({ types, names, modes, required }: Row): Parameter[] =>
  types.map((type, at) => ({ type, name: names?.[at] ?? "", mode: modes?.[at] ?? "i" }))
    .filter(({ mode }) => "ibv".includes(mode))
    .map(({ type, name, mode }, at) => ({
      name,
      // alone, these are of one character or bit
      type: type.replace(/^(bit|character)(\[\])?$/, "$1 varying$2"),
      isRequired: at < required,
      isVariadic: mode === "v",
    }));

/** A call names its arguments, or gives its whole body as the only one. */
const isCallable = ({ parameters }: Routine): boolean =>
  parameters.every(({ name }) => name !== "") ||
  (parameters.length === 1 && BODY_TYPES.includes(parameters[0]?.type ?? ""));

/** The types that a whole body may have. */
const BODY_TYPES = ["bytea", "json", "jsonb", "text", "xml"];

/** `name=value`, as `proconfig` and `rolconfig` have them. */
export function parseSetting(entry: string): [name: string, value: string] {
  const at = entry.indexOf("=");
  return [entry.slice(0, at), entry.slice(at + 1)];
}
