-- One of two merged issues is deleted, and nobody is lost with it: of the older one the duplicates get back
-- what was moved, and of a duplicate the older one tells its reporters.

-- Before the ledger of the deleted one is: nobody is told twice.
create or replace function private.record_answers_of_merged() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select n.issue_id, n.generation, 'answered', min(e.at), min(e.actor), e.reference
  from public.issue_merges as m
  cross join lateral (
    values (case old.id when m.source_issue_id then m.into_issue_id else m.source_issue_id end)
  ) as r (issue_id)
  join public.loop_issues as n on n.issue_id = r.issue_id
  join public.issues as i on i.id = n.issue_id and (i.status = 'resolved' or i.id = m.source_issue_id)
  join public.loop_issues as o on o.issue_id = old.id
  join public.loop_events as e
    on e.issue_id = o.issue_id and e.generation = o.generation and e.hop = 'answered' and (
      e.reference in (select c.message_id from public.circle_issues as c where c.id = any (m.message_ids))
      or e.reference = any (m.escalation_ids::text[])
    )
  where old.id in (m.into_issue_id, m.source_issue_id)
  group by n.issue_id, n.generation, e.reference
  order by n.issue_id, e.reference collate "C"
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
  update public.issue_merges as m set source_status = 'resolved'
  where m.into_issue_id = old.id and old.resolved_at is not null and m.source_status <> 'archived'
    -- what a fix has resolved whose link moves back, it resolves there
    and (m.exai_issue_id is null or old.resolved_by is distinct from 'Fixloop');
  return old;
end;
$$;
comment on function private.record_answers_of_merged is
  'Before-delete trigger of issues: whoever was told as a reporter of one of two merged issues was told as '
  'one of the other, and a duplicate is resolved if the older issue is.';

create or replace function private.restore_duplicate() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.import', true), '');
begin
  if not exists (select from public.issues as i where i.id = old.source_issue_id) then
    perform private.answer_late_reporters(old.into_issue_id);
    return null;
  elsif exists (select from public.issues as i where i.id = old.into_issue_id) then
    return null;
  end if;
  perform set_config('app.import', 'on', true);
  update public.circle_issues as c set mapped_to_issue_id = old.source_issue_id
  where c.id = any (old.message_ids) and c.is_triaged
    and coalesce(c.mapped_to_issue_id, old.into_issue_id) = old.into_issue_id;
  update support.escalations as e set issue_id = old.source_issue_id
  where e.id = any (old.escalation_ids) and coalesce(e.issue_id, old.into_issue_id) = old.into_issue_id;
  perform set_config('app.import', v_before, true);
  update public.issues as i set status = old.source_status
  where i.id = old.source_issue_id and i.status = 'archived' and old.source_status <> 'archived';
  insert into public.issue_links (issue_id, exai_issue_id)
  select old.source_issue_id, x.id from public.exai_issues as x where x.id = old.exai_issue_id
  on conflict on constraint issue_links_pkey do nothing;
  perform private.answer_late_reporters(old.source_issue_id);
  return null;
end;
$$;
comment on function private.restore_duplicate is
  'After-delete trigger of issue_merges: where the older issue is deleted, the duplicate gets its messages, '
  'escalations, engineering issue and status back, unless they are elsewhere by now; where the duplicate is, '
  'the older issue answers its reporters who were not told.';

create trigger _340_record_answers_of_merged before delete on public.issues
  for each row execute function private.record_answers_of_merged();
create trigger _390_restore_duplicate after delete on public.issue_merges
  for each row execute function private.restore_duplicate();
