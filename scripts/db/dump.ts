import { readFileSync } from "node:fs";
import { diff } from "node:util";
import { withConnection } from "../connection.ts";

/** Each object of a database, by kind and name, as the lines that define it. */
export type Dump = Map<string, string[]>;

interface Line {
  object: string;
  position: number;
  line: string | null;
}

const QUERIES = readFileSync(new URL("dump.sql", import.meta.url), "utf8");

/** Rows that the schema itself puts into its tables are part of it; how many there are is compared. */
const ROW_COUNTS = `
  select format('table %s', c.oid::regclass) as object, 90000 as position, 'rows ' || (xpath('/row/n/text()', query_to_xml(
    format('select nullif(count(*), 0) as n from only %s', c.oid::regclass), false, true, '')))[1] as line
  from pg_temp.counted_relations as c
  where c.relkind = 'r' and not exists (
    select from pg_depend as d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
`;

const JOBS = `
  select format('cron job %s', coalesce(j.jobname, j.command)) as object, 1 as position,
    format('%s as %s%s%s: %s', j.schedule, j.username, case when not j.active then ', not active' end,
      case when j.database <> current_database() then ', in ' || j.database end, j.command) as line
  from cron.job as j
`;

/**
 * The definition of a database: every schema but PostgreSQL's own, with its tables, columns in their order, constraints,
 * indexes, policies, privileges, triggers, functions, views, types, sequences and comments; default privileges,
 * publications, extensions, settings and cron jobs. Roles belong to the cluster and are not part of it.
 *
 * @param url connection string of `supabase_admin`
 */
export async function dumpDatabase(url: string): Promise<Dump> {
  return await withConnection(url, async (sql) => {
    const results = await sql.unsafe(`${QUERIES}\n${ROW_COUNTS}`).simple() as unknown as Line[][];
    const [cron] = await sql<{ job: string | null }[]>`select to_regclass('cron.job')::text as job`;
    const jobs = cron?.job ? await sql.unsafe<Line[]>(JOBS) : [];
    return collect([...results.flat(), ...jobs]);
  });
}

function collect(rows: Line[]): Dump {
  const byObject = new Map<string, { position: number; line: string }[]>();
  for (const { object, position, line } of rows) {
    if (line === null) continue;
    const lines = byObject.get(object) ?? [];
    byObject.set(object, lines);
    lines.push({ position, line });
  }
  const dump: Dump = new Map();
  for (const [object, lines] of [...byObject].sort(([a], [b]) => compare(a, b))) {
    dump.set(
      object,
      lines.sort((a, b) =>
        a.position - b.position || (isBody(object, a.position) ? 0 : compare(a.line, b.line))
      )
        .map(({ line }) => line),
    );
  }
  return dump;
}

/** A function's or a view's text is in its own order. */
const isBody = (object: string, position: number): boolean =>
  object.startsWith("function ") && position === 2 ||
  /^(materialized )?view /.test(object) && position === 100;

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

/**
 * What differs between two dumps, one text an object in the unified form: `-` is only in `from`, `+` only in `to`.
 */
export function compareDumps(from: Dump, to: Dump): string[] {
  const objects = [...new Set([...from.keys(), ...to.keys()])].sort(compare);
  return objects.flatMap((object) => {
    const lines = changedLines(from.get(object) ?? [], to.get(object) ?? []);
    if (lines.length === 0) return [];
    const presence = from.has(object)
      ? to.has(object) ? "" : " (only in migrations/)"
      : " (only in schemas/)";
    return [[`${object}${presence}`, ...lines].join("\n")];
  });
}

const CONTEXT = 2;

/** The lines that differ with a few around them, `…` where some are left out; empty when the two are equal. */
function changedLines(from: string[], to: string[]): string[] {
  const edits = diff(from, to);
  const near = (index: number): boolean =>
    edits.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(([side]) => side !== 0);
  const lines: string[] = [];
  for (const [index, [side, line]] of edits.entries()) {
    // diff(a, b) gives +1 to what only a has: its edits lead from b to a
    if (near(index)) lines.push(`${side === 0 ? " " : side > 0 ? "-" : "+"} ${line}`);
    else if (lines.length > 0 && lines.at(-1) !== "…") lines.push("…");
  }
  if (lines.at(-1) === "…") lines.pop();
  return lines;
}
