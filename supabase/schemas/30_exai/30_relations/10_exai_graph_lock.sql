-- The graph lock: one transaction at a time writes relations, and none does while others update issues.
--
-- Locks are taken in this order: the graph, issues by id, their counts by id. Whatever writes edges or an id
-- array, or deletes an issue, takes the graph lock exclusively before its first row lock and keeps it until
-- its transaction ends; every other update of issues takes it in shared mode. So no edge is written while the
-- status of an issue changes, writers of edges are serialized, and none of them waits for rows of another. A
-- transaction of several statements that has updated an issue and then writes edges can still deadlock with
-- another one that does the same: PostgreSQL cancels one of the two with 40P01, and it can be sent again.

create or replace function private.lock_exai_graph() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception using
      errcode = 'PT409', message = 'exai_isolation_unsupported',
      detail = 'Above read committed, a transaction cannot check for cycles: it does not see the relations '
        'that others have committed since it began.',
      hint = 'Write relations and id arrays, and delete issues, in a transaction that is read committed.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.lock_exai_graph is
  'Takes the graph lock exclusively: waits for all who write relations or update issues. Errors: '
  'exai_isolation_unsupported (409).';

create or replace function private.lock_exai_graph_shared() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.lock_exai_graph_shared is
  'Takes the graph lock in shared mode: waits for those who write relations.';

create or replace function private.lock_exai_graph_for_statement() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return null;
end;
$$;
comment on function private.lock_exai_graph_for_statement is
  'Before-statement trigger of statements that write relations. Errors: exai_isolation_unsupported (409).';

create or replace function private.lock_exai_graph_shared_for_statement() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph_shared();
  return null;
end;
$$;
comment on function private.lock_exai_graph_shared_for_statement is
  'Before-statement trigger of updates of issues.';

-- A before-statement trigger of an insert cannot see whether the rows contain relations. Locking per row is
-- safe: nobody else waits for a row that is only now inserted.
create or replace function private.lock_exai_graph_for_row() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return new;
end;
$$;
comment on function private.lock_exai_graph_for_row is
  'Before-insert trigger of issues that contain relations. Errors: exai_isolation_unsupported (409).';

create trigger _010_lock_exai_graph before update of related_issues, blocks_issues, blocked_by_issues
  on public.exai_issues
  for each statement execute function private.lock_exai_graph_for_statement();
create trigger _020_lock_exai_graph before delete on public.exai_issues
  for each statement execute function private.lock_exai_graph_for_statement();
create trigger _030_lock_exai_graph_shared before update on public.exai_issues
  for each statement execute function private.lock_exai_graph_shared_for_statement();
create trigger _040_lock_exai_graph before insert on public.exai_issues
  for each row when (
    new.related_issues <> '{}' or new.blocks_issues <> '{}' or new.blocked_by_issues <> '{}'
  )
  execute function private.lock_exai_graph_for_row();
