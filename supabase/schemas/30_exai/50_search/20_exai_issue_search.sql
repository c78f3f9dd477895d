-- What search_exai_issues searches: one row per engineering issue, maintained by triggers.
--
-- A writer locks the row first and then reads the texts, so that two concurrent updates of one issue don't
-- lose each other's words. An update that also locks counts locks them afterwards.

create table private.exai_issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  created_at timestamptz not null,
  constraint exai_issue_search_pkey primary key (issue_id),
  constraint exai_issue_search_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade
);
comment on table private.exai_issue_search is
  'The words of an engineering issue, by weight: A title, B file and components, C description and analysis, '
  'D the newest updates.';
comment on column private.exai_issue_search.created_at is
  'The issue''s, which never changes: words that are common are searched for from the newest on.';

create index exai_issue_search_vector_idx on private.exai_issue_search using gin (vector)
  with (gin_pending_list_limit = 256);
create index exai_issue_search_created_at_idx on private.exai_issue_search (created_at);

alter table private.exai_issue_search enable row level security;

create or replace function private.index_exai_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_search as s where s.issue_id = any (p_issue_ids)
  order by s.issue_id
  for no key update;
  update private.exai_issue_search as s
  set vector = private.exai_issue_vector(i) || private.exai_updates_vector(i.id)
  from public.exai_issues as i
  where i.id = s.issue_id and s.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.index_exai_issues is 'Builds the search vectors of these issues again.';

create or replace function private.index_new_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.exai_issue_search (issue_id, vector, created_at)
  select i.id, private.exai_issue_vector(i), i.created_at
  from new_issues as n
  join public.exai_issues as i on i.id = n.id;
  return null;
end;
$$;
comment on function private.index_new_exai_issues is
  'After-insert-statement trigger of exai_issues: inserts the search vectors.';

create or replace function private.index_changed_exai_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_exai_issues(array[new.id]);
  return null;
end;
$$;
comment on function private.index_changed_exai_issue is
  'After-update trigger of issues whose texts changed: updates the search vector.';

create or replace function private.index_exai_updates() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(select distinct c.issue_id from changed_updates as c);
  if v_issue_ids <> '{}' then
    perform private.index_exai_issues(v_issue_ids);
  end if;
  return null;
end;
$$;
comment on function private.index_exai_updates is
  'After-statement trigger of exai_issue_updates: updates the search vectors of their issues.';

create or replace function private.clear_exai_updates_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_search as s set vector = ts_filter(s.vector, '{a,b,c}')
  where s.vector <> ts_filter(s.vector, '{a,b,c}');
  return null;
end;
$$;
comment on function private.clear_exai_updates_search is
  'After-truncate trigger of exai_issue_updates: removes the words of updates from all search vectors.';

create trigger _300_index_new_exai_issues after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.index_new_exai_issues();
create trigger _310_index_changed_exai_issue after update on public.exai_issues
  for each row when (
    (
      old.title, old.description, old.file_path, old.affected_components, old.root_cause,
      old.impact_description, old.recommended_fix, old.actual_fix
    ) is distinct from (
      new.title, new.description, new.file_path, new.affected_components, new.root_cause,
      new.impact_description, new.recommended_fix, new.actual_fix
    )
  )
  execute function private.index_changed_exai_issue();
create trigger _300_index_exai_updates after insert on public.exai_issue_updates
  referencing new table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _310_index_exai_updates after update on public.exai_issue_updates
  referencing new table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _320_index_exai_updates after delete on public.exai_issue_updates
  referencing old table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _330_clear_exai_updates_search after truncate on public.exai_issue_updates
  for each statement execute function private.clear_exai_updates_search();
