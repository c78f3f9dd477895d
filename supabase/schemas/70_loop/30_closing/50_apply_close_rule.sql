-- The close rule: an engineering issue is fixed when a pull request that closes it is merged and none that
-- does was open before and still is.
--
-- By GitHub's clock, so that it ends the same in whatever order deliveries arrive: what was opened after the
-- first merge does not hold it up, late or not. A draft is open. What was closed unmerged, and what only
-- mentions an issue, neither fixes it nor holds it up.

create or replace function private.find_fix_time(p_exai_issue_id uuid) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_reopened_at constant timestamptz := coalesce((
    select f.reopened_at from public.exai_issue_fixes as f where f.exai_issue_id = p_exai_issue_id
  ), '-infinity');
  v_merged_at constant timestamptz := (
    select min(l.merged_at) from public.exai_issue_pull_requests as l
    where l.exai_issue_id = p_exai_issue_id and l.intent = 'closes' and l.merged_at > v_reopened_at
  );
begin
  return (
    select case
      when bool_or(
        l.state = 'open' and not (l.source = 'words' and l.is_from_fork) and private.has_closing_right(l)
      ) then null
      else greatest(v_merged_at, max(coalesce(l.merged_at, l.closed_at)) filter (
        where l.merged_at is not null or not (l.source = 'words' and l.is_from_fork)
      )) end
    from public.exai_issue_pull_requests as l
    where l.exai_issue_id = p_exai_issue_id and l.intent = 'closes' and v_merged_at is not null
      and coalesce(l.opened_at, '-infinity') <= v_merged_at
  );
end;
$$;
comment on function private.find_fix_time is
  'When the close rule began to hold, by the links that an engineering issue has: the last of the merge and '
  'the ends of the others that were open at that time. Null while it does not hold.';

create or replace function private.record_pull_request_hops(p_exai_issue_id uuid, p_issue_ids uuid[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_loop_events(array(
    -- what was merged in a generation of the issue that has ended belongs to that one
    select u.id from unnest(p_issue_ids) as u (id)
    where l.merged_at is null or not exists (
      select from public.loop_events as e
      join public.loop_issues as o on o.issue_id = e.issue_id and o.generation > e.generation
      where e.issue_id = u.id and e.hop = 'merged' and e.reference = l.url and e.at = l.merged_at
    )
    order by u.id
  ), h.hop, h.at, null, l.url)
  from public.exai_issue_pull_requests as l
  left join public.exai_issue_fixes as f on f.exai_issue_id = l.exai_issue_id
  cross join lateral (values ('opened', l.opened_at), ('merged', l.merged_at)) as h (hop, at)
  where l.exai_issue_id = p_exai_issue_id and l.intent = 'closes' and h.at is not null
    -- anybody can open one from a fork
    and not (l.source = 'words' and l.is_from_fork and l.merged_at is null)
    -- what was merged before it was reopened belongs to a generation that has ended
    and coalesce(l.merged_at, 'infinity') > coalesce(f.reopened_at, '-infinity')
  order by h.at, l.url collate "C", h.hop desc;
end;
$$;
comment on function private.record_pull_request_hops is
  'Records when the pull requests that close an engineering issue were opened and merged, in the ledger '
  'of these issues.';

create or replace function private.list_linked_issues(p_exai_issue_id uuid) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select l.issue_id from public.issue_links as l
    where l.exai_issue_id = p_exai_issue_id
      and not exists (select from public.issue_merges as m where m.source_issue_id = l.issue_id)
    order by l.issue_id
  );
end;
$$;
comment on function private.list_linked_issues is
  'The issues that an engineering issue fixes, in the order in which they are locked; without those that are '
  'merged into others.';

create or replace function private.set_exai_status_by_rule(
  p_exai_issue_id uuid, p_status text, p_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_actor constant text := coalesce(current_setting('app.actor', true), '');
begin
  perform set_config('app.close_rule', 'on', true);
  perform set_config('app.actor', 'Fixloop', true);
  update public.exai_issues as i set status = p_status, fix_date = p_at where i.id = p_exai_issue_id;
  perform set_config('app.actor', v_actor, true);
  perform set_config('app.close_rule', 'off', true);
end;
$$;
comment on function private.set_exai_status_by_rule is
  'Sets the status of an engineering issue because of its pull requests, and not because a person does.';

-- Only what a rule has done is taken back by it: nothing after a person has set another status, and nothing
-- that people were told of, except where the merge itself was undone.
create or replace function private.apply_close_rule(p_exai_issue_id uuid, p_is_undone boolean default false)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
  v_fix public.exai_issue_fixes;
  v_fixed_at timestamptz;
begin
  perform private.lock_exai_issues(array[p_exai_issue_id]);
  select * into v_issue from public.exai_issues as i where i.id = p_exai_issue_id;
  select * into v_fix from public.exai_issue_fixes as f where f.exai_issue_id = p_exai_issue_id;
  perform private.record_pull_request_hops(p_exai_issue_id, private.list_linked_issues(p_exai_issue_id));
  v_fixed_at := private.find_fix_time(p_exai_issue_id);
  if v_fixed_at is not null and private.is_active_exai_status(v_issue.status) then
    perform private.set_exai_status_by_rule(p_exai_issue_id, 'fixed', v_fixed_at);
  elsif v_fixed_at is null and v_issue.status = 'fixed' and v_fix.fixed_by = 'pull_requests'
    and (v_fix.shipped_at is null or p_is_undone)
  then
    perform private.set_exai_status_by_rule(p_exai_issue_id, coalesce(v_fix.status_before, 'open'), null);
  else
    -- what the gate waits for may be another merge by now
    update public.exai_issue_fixes as f set fixed_at = v_fixed_at
    where f.exai_issue_id = p_exai_issue_id and f.fixed_by = 'pull_requests' and f.shipped_at is null
      and f.fixed_at <> v_fixed_at;
    perform private.advance_exai_fix(p_exai_issue_id);
  end if;
end;
$$;
comment on function private.apply_close_rule is
  'Fixes an engineering issue that is open or in progress when the close rule holds, and gives one that '
  'the rule has fixed the status back that it had when the rule no longer does: before its fix has '
  'shipped, or with p_is_undone where a merge was undone.';
