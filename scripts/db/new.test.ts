import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SUPABASE_DIR } from "../local/paths.ts";
import { newMigration } from "./new.ts";
import { DRAFT_MARK } from "./sql-style.ts";

const root = mkdtempSync(join(tmpdir(), "fixloop-new-"));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "supabase/schemas/10_notes"), { recursive: true });
copyFileSync(join(SUPABASE_DIR, "config.toml"), join(root, "supabase/config.toml"));

const schema = (columns: string): void =>
  writeFileSync(
    join(root, "supabase/schemas/10_notes/10_notes.sql"),
    `-- Notes.\n\ncreate table public.notes (${columns});\n`,
  );
const create = (name: string, options: { from?: string; replace?: boolean } = {}) =>
  newMigration(
    {
      name,
      from: options.from,
      replace: options.replace ?? false,
      at: undefined,
      now: new Date("2026-11-21T10:20:30Z"),
    },
    root,
    () => {},
  );
const read = (path: string | undefined): string => readFileSync(join(root, path ?? ""), "utf8");

test(
  "from a schema folder, then nothing when equal, then a draft of the difference, and the draft again",
  async () => {
    schema("title text");
    const first = await create("notes", { from: "10_notes" });
    expect(first).toBe("supabase/migrations/20261121102030_notes.sql");
    expect(read(first)).toContain(
      "-- 10_notes/10_notes.sql\n-- Notes.\n\ncreate table public.notes (title text);\n",
    );

    expect(await create("nothing")).toBeUndefined();
    expect(readdirSync(join(root, "supabase/migrations"))).toEqual(["20261121102030_notes.sql"]);

    schema("title text, body text");
    const second = await create("add_body");
    expect(second).toBe("supabase/migrations/20261121102031_add_body.sql");
    expect(read(second).startsWith(DRAFT_MARK)).toBe(true);
    expect(read(second)).toMatch(/alter table public\.notes\s+add column body text;/);

    schema("title text, summary text");
    expect(await create("add_body", { replace: true })).toBe(second);
    expect(read(second)).toMatch(/add column summary text;/);
    expect(read(second)).not.toMatch(/body text/);
    await expect(create("notes", { replace: true })).rejects.toThrow("is not the last migration");
  },
);

const TABLE = (columns: string, constraints: string, granted: string): string =>
  `-- Tickets.

create table public.tickets (
  id bigint not null,
  title text not null,
${columns}  constraint tickets_pkey primary key (id)${constraints}
);
alter table public.tickets enable row level security;
create policy tickets_select_all on public.tickets for select to authenticated using (true);
grant select on public.tickets to authenticated;
grant insert (id, title${granted}) on public.tickets to authenticated;
`;
const CODE = (priority: string, viewed: string): string =>
  `-- The values of a ticket.

-- Titles are trimmed.
create or replace function public.check_ticket() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.title := btrim(new.title);${priority}
  return new;
end;
$$;
comment on function public.check_ticket is 'Before trigger.';
create trigger _100_check_ticket before insert on public.tickets
  for each row execute function public.check_ticket();

create view public.open_tickets with (security_invoker = true) as
select t.id, ${viewed}t.title from public.tickets as t;
comment on view public.open_tickets is 'Open.';
comment on column public.open_tickets.title is 'As it is stored.';
grant select on public.open_tickets to authenticated;

create view public.ticket_count with (security_invoker = true) as
select count(*) as ticket_count from public.open_tickets;
comment on view public.ticket_count is 'How many.';
grant select on public.ticket_count to authenticated;
`;

test(
  "a draft is what changed, in the words of the schema files, and was tried",
  async () => {
    const folder = join(root, "supabase/schemas/20_tickets");
    mkdirSync(folder, { recursive: true });
    const write = (table: string, code: string): void => {
      writeFileSync(join(folder, "10_tickets.sql"), table);
      writeFileSync(join(folder, "20_values.sql"), code);
    };
    rmSync(join(root, "supabase/migrations"), { recursive: true });
    rmSync(join(root, "supabase/schemas/10_notes"), { recursive: true });
    write(TABLE("", "", ""), CODE("", ""));
    await create("tickets", { from: "20_tickets" });
    write(
      TABLE(
        "  priority text not null default 'normal',\n",
        ",\n  constraint tickets_priority_is_known check (priority in ('low', 'normal'))",
        ", priority",
      ),
      CODE("\n  new.priority := coalesce(new.priority, 'normal');", "t.priority, "),
    );
    const draft = read(await create("add_priority"));
    expect(draft.split("\n")[0]).toContain("It was tried on an empty database.");
    expect(draft.slice(draft.indexOf("drop view"))).toBe(
      `drop view public.ticket_count;
drop view public.open_tickets;

-- 20_tickets/10_tickets.sql
alter table public.tickets add column priority text not null default 'normal';

alter table public.tickets add constraint tickets_priority_is_known check (priority in ('low', 'normal'));
grant insert (priority) on public.tickets to authenticated;

-- 20_tickets/20_values.sql
-- Titles are trimmed.
create or replace function public.check_ticket() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.title := btrim(new.title);
  new.priority := coalesce(new.priority, 'normal');
  return new;
end;
$$;

create view public.open_tickets with (security_invoker = true) as
select t.id, t.priority, t.title from public.tickets as t;
comment on view public.open_tickets is 'Open.';
comment on column public.open_tickets.title is 'As it is stored.';
grant select on public.open_tickets to authenticated;

create view public.ticket_count with (security_invoker = true) as
select count(*) as ticket_count from public.open_tickets;
comment on view public.ticket_count is 'How many.';
grant select on public.ticket_count to authenticated;
`,
    );

    // the constraint is added without a scan, and the next migration validates it
    const [file = ""] = readdirSync(join(root, "supabase/migrations")).slice(-1);
    writeFileSync(
      join(root, "supabase/migrations", file),
      draft.replace("('low', 'normal'));", "('low', 'normal')) not valid;"),
    );
    expect(read(await create("validate_priority"))).toContain(
      "\n-- 20_tickets/10_tickets.sql\nalter table public.tickets validate constraint tickets_priority_is_known;\n",
    );
  },
);
