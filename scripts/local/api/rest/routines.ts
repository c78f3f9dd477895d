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

/** Loads the functions that can be called, those with fewer arguments first. */
export async function loadRoutines(sql: postgres.TransactionSql, exposed: string[]): Promise<Routine[]> {
  type Row = Omit<Routine, "settings"> & { config: string[] };
  const rows = await sql<Row[]>`
    with recursive base_types as (
      select oid, oid as base from pg_type where typtype <> 'd'
      union all
      select t.oid, b.base from pg_type t join base_types b on b.oid = t.typbasetype where t.typtype = 'd'
    )
    select n.nspname as schema, p.proname as name,
      coalesce(a.parameters, '[]') as parameters,
      json_build_object('schema', rn.nspname, 'name', coalesce(c.relname, r.typname)) as returns,
      p.proretset as "isSet",
      (r.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false)) as "isComposite",
      p.provolatile = 'v' as "isVolatile",
      array_to_json(coalesce(p.proconfig, '{}')) as config
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join base_types b on b.oid = p.prorettype
    join pg_type r on r.oid = b.base
    join pg_namespace rn on rn.oid = r.typnamespace
    left join pg_class c on c.oid = r.typrelid
    left join lateral (
      select json_agg(json_build_object(
          'name', name,
          'type', case type
            -- without a length these are one character long
            when 'bit'::regtype then 'bit varying'
            when 'bit[]'::regtype then 'bit varying[]'
            when 'character'::regtype then 'character varying'
            when 'character[]'::regtype then 'character varying[]'
            else type::regtype::text
          end,
          'isRequired', position <= p.pronargs - p.pronargdefaults,
          'isVariadic', mode = 'v'
        ) order by position) as parameters,
        count(*) filter (where name = '') as unnamed,
        min(type::regtype::text) as first
      from (
        select type, coalesce(name, '') as name, coalesce(mode, 'i') as mode, row_number() over (order by at) as position
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
          with ordinality as _ (type, name, mode, at)
        where type is not null and coalesce(mode, 'i') in ('i', 'b', 'v')
      ) as input
    ) a on true
    where n.nspname in ${sql(exposed)} and p.prokind = 'f' and r.oid <> 'trigger'::regtype
      and (coalesce(a.unnamed, 0) = 0
        or a.unnamed = 1 and p.pronargs = 1 and a.first in ('bytea', 'json', 'jsonb', 'text', 'xml'))
    order by p.pronargs, p.oid
  `;
  return rows.map(({ config, ...row }) => ({
    ...row,
    settings: config.map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }).filter(([name]) => HOISTED.includes(name)),
  }));
}
