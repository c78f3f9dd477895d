import type postgres from "postgres";

/** One privilege, membership or setting a line. */
export type Acls = ReadonlySet<string>;

/** Every privilege of a database: on objects, columns, types and by default, and what its roles are members of and set. */
export async function readAcls(sql: postgres.Sql): Promise<Acls> {
  const rows = await sql<{ line: string }[]>`
    with objects (kind, name, owner, acl) as (
      select 'database', current_database()::text, datdba, coalesce(datacl, acldefault('d', datdba))
      from pg_database where datname = current_database()
      union all
      select 'schema', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
      where nspname !~ '^pg_(toast|temp)'
      union all
      select 'relation', oid::regclass::text, relowner,
        coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
      from pg_class where relkind in ('r', 'v', 'm', 'S', 'f', 'p') and relnamespace <> 'pg_toast'::regnamespace
      union all
      select 'column', a.attrelid::regclass || '.' || quote_ident(a.attname), c.relowner, a.attacl
      from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attacl is not null
      union all
      select 'function', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_proc
      union all
      select 'type', oid::regtype::text, typowner, coalesce(typacl, acldefault('T', typowner)) from pg_type
      where typtype <> 'c' and typelem = 0
      union all
      select 'default of ' || defaclrole::regrole || ' for ' || defaclobjtype::text,
        'in ' || case defaclnamespace when 0 then 'any schema' else defaclnamespace::regnamespace::text end,
        defaclrole, defaclacl
      from pg_default_acl
    )
    select format('%s %s: %s may %s, granted by %s%s', o.kind, o.name,
      case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.privilege_type, a.grantor::regrole,
      case when a.is_grantable then ', and may grant it' else '' end) as line
    from objects o cross join aclexplode(o.acl) a
    union all
    select format('%s %s: owned by %s', o.kind, o.name, o.owner::regrole) from objects o where o.kind <> 'column'
    union all
    select format('role %s: member of %s (admin %s, inherit %s, set %s)', m.member::regrole, m.roleid::regrole,
      m.admin_option, m.inherit_option, m.set_option)
    from pg_auth_members m
    where m.member in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole, 'authenticator'::regrole)
    union all
    select format('role %s: set %s', coalesce(nullif(setrole, 0)::regrole::text, 'any'), setting)
    from pg_db_role_setting s cross join unnest(s.setconfig) setting
    where setdatabase = 0 or setdatabase = (select oid from pg_database where datname = current_database())
    union all
    select format('table %s: row security %s, forced %s', oid::regclass, relrowsecurity, relforcerowsecurity)
    from pg_class where relkind in ('r', 'p') and relnamespace <> 'pg_catalog'::regnamespace
  `;
  return new Set(rows.map(({ line }) => line));
}

/**
 * Throws, naming each, when a privilege was given or taken between two readings. What a test made or dropped itself is not
 * looked at.
 */
export function assertSameAcls(before: Acls, after: Acls): void {
  const gone = [...before].filter((line) => !after.has(line) && isKnown(line, after)).sort();
  const added = [...after].filter((line) => !before.has(line) && isKnown(line, before)).sort();
  if (gone.length + added.length === 0) return;
  const lines = [...gone.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
  throw new Error(`Privileges are not what they were when the API opened:\n${lines.join("\n")}`);
}

/** Whether the object that a line is about was there in a reading. */
function isKnown(line: string, acls: Acls): boolean {
  const [subject = ""] = line.split(/: (?=owned by |row security |[^:]* may )/);
  const object = subject.replace(/^table /, "relation ").replace(/^column (.*)\.[^.]+$/, "relation $1");
  if (!/^(relation|function|type|schema) /.test(object)) return true;
  return [...acls].some((other) => other.startsWith(`${object}: owned by `));
}
