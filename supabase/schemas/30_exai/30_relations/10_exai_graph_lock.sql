-- The graph lock: one writer of relations at a time, and none while an issue is updated.

create or replace function private.lock_exai_graph() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception using
      errcode = 'PT409', message = 'exai_isolation_unsupported',
      detail = 'A transaction that does not see what others have written meanwhile can''t write relations.',
      hint = 'Write relations, id arrays and deletes of issues in a transaction that is read committed.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.lock_exai_graph is
  'Waits until nobody else writes relations or updates issues. Errors: exai_isolation_unsupported (409).';

create or replace function private.share_exai_graph() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.share_exai_graph is 'Waits until nobody writes relations.';

create or replace function private.lock_exai_graph_first() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return null;
end;
$$;
comment on function private.lock_exai_graph_first is
  'Before-statement trigger of whatever writes relations. Errors: exai_isolation_unsupported (409).';

create or replace function private.share_exai_graph_first() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.share_exai_graph();
  return null;
end;
$$;
comment on function private.share_exai_graph_first is 'Before-statement trigger of updates of issues.';

-- A statement can't tell beforehand whether its rows bring relations along. A new row is nobody else's yet,
-- so there is nothing that another one could wait for.
create or replace function private.lock_exai_graph_for_row() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return new;
end;
$$;
comment on function private.lock_exai_graph_for_row is
  'Before-insert trigger of issues that bring relations along. Errors: exai_isolation_unsupported (409).';

create trigger _010_lock_exai_graph before update of related_issues, blocks_issues, blocked_by_issues
  on public.exai_issues
  for each statement execute function private.lock_exai_graph_first();
create trigger _015_lock_exai_graph before delete on public.exai_issues
  for each statement execute function private.lock_exai_graph_first();
create trigger _020_share_exai_graph before update on public.exai_issues
  for each statement execute function private.share_exai_graph_first();
create trigger _005_lock_exai_graph before insert on public.exai_issues
  for each row when (
    new.related_issues <> '{}' or new.blocks_issues <> '{}' or new.blocked_by_issues <> '{}'
  )
  execute function private.lock_exai_graph_for_row();
