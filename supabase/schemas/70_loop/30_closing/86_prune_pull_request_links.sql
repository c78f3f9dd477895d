-- Links that strangers' pull requests have made, and that decide nothing any more.

create index exai_issue_pull_requests_words_updated_at_idx
  on public.exai_issue_pull_requests (updated_at)
  where source = 'words' and merged_at is null;

-- What is pruned comes back with the next news of its pull request.
create or replace function private.prune_pull_request_links(p_batch_size integer default 10000)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.exai_issue_pull_requests as l
  where l.ctid = any (array(
    select o.ctid from public.exai_issue_pull_requests as o
    where o.source = 'words' and o.merged_at is null and (
        o.state = 'closed' and (o.is_from_fork or o.intent = 'mentions')
        or o.is_from_fork and o.intent = 'mentions'
      )
      and o.updated_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s where s.id)
      )
    order by o.updated_at
    limit p_batch_size
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_pull_request_links is
  'Deletes up to p_batch_size links that are from words alone and have not changed for '
  'delivery_retention_days, and returns how many: mentions by pull requests from forks, and what was closed '
  'unmerged, except where one of the team''s closes. For the scheduler.';
