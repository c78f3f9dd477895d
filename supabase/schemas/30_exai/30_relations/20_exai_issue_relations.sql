-- Relations between engineering issues, as edges. The id arrays of exai_issues hold the same data.

create table public.exai_issue_relations (
  from_issue_id uuid not null,
  to_issue_id uuid not null,
  kind text not null,
  created_at timestamptz not null default now(),
  constraint exai_issue_relations_pkey primary key (from_issue_id, to_issue_id, kind),
  constraint exai_issue_relations_from_issue_id_fkey foreign key (from_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_relations_to_issue_id_fkey foreign key (to_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_relations_kind_is_known
    check (kind in ('blocks', 'relates', 'duplicates', 'parent', 'discovered_from')),
  constraint exai_issue_relations_ends_differ check (from_issue_id <> to_issue_id),
  constraint exai_issue_relations_relates_is_stored_once
    check (kind <> 'relates' or from_issue_id < to_issue_id)
);
comment on table public.exai_issue_relations is
  'Edges between engineering issues. The kinds blocks and relates are the same data as the id arrays of '
  'exai_issues: write either one. A parent is not ready while a child is unfinished; a duplicate is never '
  'ready, and what waits for it waits for the issue that it duplicates. Agents write and delete edges. '
  'Errors on write: exai_relation_kind_invalid, key_change_forbidden (422), exai_relation_cycle_conflict, '
  'exai_relation_limit_reached, exai_isolation_unsupported (409).';
comment on column public.exai_issue_relations.kind is
  'blocks: to waits for from. parent: from is the parent of to. duplicates: from is a duplicate of to. '
  'discovered_from: from was found while working on to. relates: symmetric, stored once with the lower '
  'id as from.';

create index exai_issue_relations_to_issue_id_kind_idx
  on public.exai_issue_relations (to_issue_id, kind, from_issue_id);
-- The search for cycles asks each issue on the path for these. Most have none, which a small index finds out
-- sooner.
create index exai_issue_relations_backward_idx
  on public.exai_issue_relations (to_issue_id, from_issue_id) where kind in ('parent', 'duplicates');

create or replace function private.require_exai_relation_kind(p_kind text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_kinds constant text[] := array['blocks', 'relates', 'duplicates', 'parent', 'discovered_from'];
begin
  if (p_kind = any (v_kinds)) is not true then
    raise exception using
      errcode = 'PT422', message = 'exai_relation_kind_invalid',
      detail = format('%L is not a valid kind of relation.', p_kind),
      hint = 'Use one of: ' || array_to_string(v_kinds, ', ') || '.';
  end if;
end;
$$;
comment on function private.require_exai_relation_kind is
  'Does nothing for a valid kind of relation. Errors: exai_relation_kind_invalid (422).';

create or replace function private.check_exai_relation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_from_issue_id constant uuid := new.from_issue_id;
begin
  perform private.require_exai_relation_kind(new.kind);
  if new.kind = 'relates' and new.to_issue_id < new.from_issue_id then
    new.from_issue_id := new.to_issue_id;
    new.to_issue_id := v_from_issue_id;
  end if;
  return new;
end;
$$;
comment on function private.check_exai_relation is
  'Before trigger of exai_issue_relations: checks the kind, and stores relates with the lower id as from. '
  'Errors: exai_relation_kind_invalid (422).';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_relations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _010_lock_exai_graph before insert or update or delete or truncate
  on public.exai_issue_relations
  for each statement execute function private.lock_exai_graph_for_statement();
-- Before the keys are compared: relates in the other direction is the same edge.
create trigger _040_check_exai_relation before insert or update on public.exai_issue_relations
  for each row execute function private.check_exai_relation();
create trigger _050_reject_key_change before update on public.exai_issue_relations
  for each row when (
    (old.from_issue_id, old.to_issue_id, old.kind)
    is distinct from (new.from_issue_id, new.to_issue_id, new.kind)
  )
  execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.exai_issue_relations
  for each row execute function private.set_created_at();

alter table public.exai_issue_relations enable row level security;
create policy exai_issue_relations_select_viewer on public.exai_issue_relations
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_relations_insert_agent on public.exai_issue_relations
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_relations_update_agent on public.exai_issue_relations
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issue_relations_delete_agent on public.exai_issue_relations
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.exai_issue_relations to authenticated;
grant insert (from_issue_id, to_issue_id, kind, created_at),
  update (from_issue_id, to_issue_id, kind, created_at) on public.exai_issue_relations to authenticated;
grant select, insert, update, delete on public.exai_issue_relations to service_role;
