-- Moves what belongs to the people who reported an issue to another issue.

-- The keys of the messages before everything else, as an import takes them, so that a reply that arrives
-- meanwhile finds the issue that its thread has then; engineering issues before issues, as the close rule
-- does.
create or replace function private.lock_issues_to_merge(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_message_keys(array(
    select c.message_id from public.circle_issues as c where c.mapped_to_issue_id = any (p_issue_ids)
    union all
    select r.message_id from public.circle_replies as r
    join public.circle_issues as c on c.id = r.circle_issue_id
    where c.mapped_to_issue_id = any (p_issue_ids)
  ));
  perform private.lock_exai_issues(array(
    select l.exai_issue_id from public.issue_links as l where l.issue_id = any (p_issue_ids)
    union
    select m.exai_issue_id from public.issue_merges as m
    where m.source_issue_id = any (p_issue_ids) and m.exai_issue_id is not null
  ));
  perform private.lock_issues(p_issue_ids);
end;
$$;
comment on function private.lock_issues_to_merge is
  'Locks the messages of issues by their keys, their engineering issues, and the issues, each by id.';

-- Whose decision triage was does not change with the issue: as in an import, nobody's name is written.
create or replace function private.move_messages(p_ids uuid[], p_from uuid, p_to uuid) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.import', true), '');
  v_ids uuid[];
begin
  perform set_config('app.import', 'on', true);
  with moved as (
    update public.circle_issues as c set mapped_to_issue_id = p_to
    where c.mapped_to_issue_id = p_from and (p_ids is null or c.id = any (p_ids))
    returning c.id
  )
  select coalesce(array_agg(m.id order by m.id), '{}') into v_ids from moved as m;
  perform set_config('app.import', v_before, true);
  return v_ids;
end;
$$;
comment on function private.move_messages is
  'Moves the messages of an issue, null for all, to another one, and returns their ids.';

create or replace function private.move_escalations(p_ids uuid[], p_from uuid, p_to uuid) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.import', true), '');
  v_ids uuid[];
begin
  perform set_config('app.import', 'on', true);
  with moved as (
    update support.escalations as e set issue_id = p_to
    where e.issue_id = p_from and (p_ids is null or e.id = any (p_ids))
    returning e.id
  )
  select coalesce(array_agg(m.id order by m.id), '{}') into v_ids from moved as m;
  perform set_config('app.import', v_before, true);
  return v_ids;
end;
$$;
comment on function private.move_escalations is
  'Moves the escalations of an issue, null for all, to another one, and returns their ids.';

create or replace function private.move_issue_link(p_from uuid, p_to uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_exai_issue_id uuid;
begin
  insert into public.issue_links (issue_id, exai_issue_id, linked_by, linked_by_user_id, created_at)
  select p_to, l.exai_issue_id, l.linked_by, l.linked_by_user_id, l.created_at
  from public.issue_links as l where l.issue_id = p_from
  on conflict on constraint issue_links_pkey do nothing
  returning exai_issue_id into v_exai_issue_id;
  if v_exai_issue_id is not null then
    delete from public.issue_links as l where l.issue_id = p_from;
  end if;
  return v_exai_issue_id;
end;
$$;
comment on function private.move_issue_link is
  'Moves the link to an engineering issue to an issue that has none, and returns the engineering issue; null '
  'where nothing was moved.';

-- The ledger keeps what was recorded: the reports of the source stay with it, and stay here when it is
-- undone.
create or replace function private.copy_reports(p_from uuid, p_to uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference, reporter_key)
  select p_to, l.generation, 'reported', e.at, e.actor, coalesce(nullif(e.reference, ''), p_from::text),
    e.reporter_key
  from public.loop_events as e
  join public.loop_issues as l on l.issue_id = p_to
  where e.issue_id = p_from and e.hop = 'reported' and not exists (
    select from public.loop_events as o
    where o.issue_id = p_to and o.hop = 'reported'
      and o.reference = coalesce(nullif(e.reference, ''), p_from::text)
  )
  order by e.id
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
end;
$$;
comment on function private.copy_reports is
  'Records the reports of an issue for another one too. A report without a reference gets the id '
  'of its issue.';
