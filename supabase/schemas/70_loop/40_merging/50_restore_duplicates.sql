-- One of two merged issues is deleted, and nobody is lost with it: of the older one the duplicates get back
-- what was moved, and of a duplicate the older one tells its reporters.

-- Whoever is about to finish one has the lock of it, and waits for the issue.
create or replace function private.adopt_replies_of_merged(p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_sent record;
begin
  for v_sent in
    select q.delivery_id, n.id as issue_id
    from private.delivery_queue as q
    join public.deliveries as d on d.id = q.delivery_id and d.kind = 'fixed' and d.issue_id = p_issue_id
    join public.circle_issues as c on c.message_id = d.payload #>> '{reporters,0}'
    join public.issue_merges as m on p_issue_id in (m.source_issue_id, m.into_issue_id)
      and c.id = any (m.message_ids)
    join public.issues as n on n.id = case p_issue_id
      when m.source_issue_id then m.into_issue_id else m.source_issue_id end
    where q.sent_at is not null and (n.status = 'resolved' or n.id = m.source_issue_id)
    order by q.delivery_id
    for update of q skip locked
  loop
    perform private.adopt_sent_reply(v_sent.delivery_id, v_sent.issue_id);
  end loop;
end;
$$;
comment on function private.adopt_replies_of_merged is
  'Replies of an issue that is about to be deleted, which were posted, are those of the issue that it '
  'is merged with.';

-- Before the ledger of the deleted one is: nobody is told twice.
create or replace function private.record_answers_of_merged() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.adopt_replies_of_merged(old.id);
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
