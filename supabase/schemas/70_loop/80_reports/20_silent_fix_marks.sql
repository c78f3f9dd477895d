-- The fixes of which perhaps nobody was told.

-- Whoever looks for them in the whole ledger reads every fix there ever was: 0.4 s with 200,000. A write
-- appends a row and waits for nobody, and the view checks what the rows stand for.
create table private.silent_fix_marks (
  id bigint not null generated always as identity,
  issue_id uuid not null,
  generation integer not null,
  at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint silent_fix_marks_pkey primary key (id)
);
comment on table private.silent_fix_marks is
  'One row per merge, fix or shipment in the ledger, until prune_silent_fixes() finds that a reporter was '
  'told, or that there is none.';
comment on column private.silent_fix_marks.issue_id is
  'The issue, whether or not it still exists: no foreign key.';
comment on column private.silent_fix_marks.at is 'When it was merged, fixed or shipped.';
alter table private.silent_fix_marks enable row level security;

create or replace function private.mark_silent_fix() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.hop = 'reported' then
    insert into private.silent_fix_marks (issue_id, generation, at)
    select e.issue_id, e.generation, e.at from public.loop_events as e
    where e.issue_id = new.issue_id and e.generation = new.generation
      and e.hop in ('merged', 'fixed', 'shipped');
  else
    insert into private.silent_fix_marks (issue_id, generation, at)
    values (new.issue_id, new.generation, new.at);
  end if;
  return null;
end;
$$;
comment on function private.mark_silent_fix is
  'After-insert trigger of the ledger: marks what is fixed, and again when somebody reports it who waits '
  'for an answer.';

create trigger _400_mark_silent_fix after insert on public.loop_events
  for each row when (
    new.hop in ('merged', 'fixed', 'shipped') or new.hop = 'reported' and new.reference <> ''
  )
  execute function private.mark_silent_fix();

-- Without a reporter only after a day: a report that is being recorded does not see a fix that is, nor this
-- one the report. What is merged or a test stays: that can be undone.
create or replace function private.prune_silent_fixes() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from private.silent_fix_marks as m
  where not exists (
      select from public.loop_issues as l where l.issue_id = m.issue_id and l.generation <= m.generation
    )
    or exists (
      select from public.loop_events as a
      where a.hop = 'answered' and a.issue_id = m.issue_id and a.generation = m.generation
    )
    or m.created_at < now() - interval '1 day' and not exists (
      select from public.loop_events as r
      where r.issue_id = m.issue_id and r.hop = 'reported' and r.reference <> ''
    );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_silent_fixes is
  'Deletes the marks of fixes of which a reporter was told, of earlier generations and of issues that do not '
  'exist, and after a day those that nobody reported; returns how many. For the scheduler.';
