-- Replies to reporters: once per generation and thread.

-- A version number, where the gate has one: of a deployment's tag, for example.
create or replace function private.shipped_version(p_issue_id uuid, p_generation integer) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select left(e.reference, 100) from public.loop_events as e
    where e.issue_id = p_issue_id and e.generation = p_generation and e.hop = 'shipped'
      and e.reference ~ '^v?[0-9]+\.[0-9A-Za-z.+-]+$'
    order by e.id desc limit 1
  );
end;
$$;
comment on function private.shipped_version is
  'The version that an issue''s fix was shipped in, where the ledger''s reference is one; else null.';

-- Not a number, so that nobody can write it before we do.
create or replace function private.new_reply_marker() returns text
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return 'FX-' || upper(left(replace(gen_random_uuid()::text, '-', ''), 12));
end;
$$;
comment on function private.new_reply_marker is
  'What a reply in Circle is recognized by in its thread: FX- and 48 random bits.';

-- The ledger keeps a fix that was taken back, and one of an engineering issue that was unlinked.
create or replace function private.is_fix_known(p_issue_id uuid, p_generation integer) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.loop_events as e
    left join public.exai_issues as x
      on x.issue_number = case when e.reference ~ '^EXAI-[0-9]{1,9}$' then substr(e.reference, 6)::integer end
    where e.issue_id = p_issue_id and e.generation = p_generation and e.hop = 'fixed' and (
      x.id is null or exists (
        select from public.issue_links as l
        join public.exai_issue_fixes as f on f.exai_issue_id = l.exai_issue_id and f.fixed_at is not null
        where l.issue_id = p_issue_id and l.exai_issue_id = x.id
      )
    )
  );
end;
$$;
comment on function private.is_fix_known is
  'Whether an issue was fixed in this generation, and is by the engineering issue that it is linked to.';

-- Sent without a person only where a fix is known: an issue that was resolved by hand may be no fix, and one
-- that was resolved long ago is history.
create or replace function private.reply_status(p_event public.loop_events) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return case when (
    select s.reply_mode = 'automatic'
      and p_event.at > now() - make_interval(hours => s.notification_age_hours)
    from public.loop_settings as s
  ) and private.is_fix_known(p_event.issue_id, p_event.generation) then 'pending' else 'draft' end;
end;
$$;
comment on function private.reply_status is
  'pending or draft: the first with reply_mode automatic, for a fix of the last notification_age_hours.';

-- A reply has the issue's title, which is what a visitor wrote in a conversation that nobody else reads.
create or replace function private.quotes_another_visitor(p_issue_id uuid, p_thread text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from support.escalations as e
    where e.issue_id = p_issue_id and e.is_issue_created and e.conversation_id::text is distinct from p_thread
  );
end;
$$;
comment on function private.quotes_another_visitor is
  'Whether an issue was made from what a visitor wrote in another conversation than this.';

create index loop_events_answered_reference_idx on public.loop_events (reference) where hop = 'answered';

-- A reporter may come from an issue that the same fix has resolved: merged, for example, and taken apart.
create or replace function private.copy_answers(p_events public.loop_events[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select r.issue_id, r.generation, 'answered', min(a.at), min(a.actor), a.reference
  from unnest(p_events) as r
  join private.reply_targets(array(select distinct e.issue_id from unnest(p_events) as e)) as t
    on t.issue_id = r.issue_id
  join public.loop_events as a on a.hop = 'answered' and a.reference = any (t.reporters)
  where a.issue_id <> r.issue_id
    and private.is_same_fix(r.issue_id, r.generation, a.issue_id, a.generation)
  group by r.issue_id, r.generation, a.reference
  order by r.issue_id, a.reference collate "C"
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
end;
$$;
comment on function private.copy_answers is
  'Records for these resolved issues that those of their reporters were answered who were told of the same '
  'fix as reporters of another issue.';

-- Two escalations of a conversation get one reply, also where the second comes to the issue later than that
-- was written.
create or replace function private.share_answers(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select e.issue_id, a.generation, 'answered', min(a.at), min(a.actor), e.id::text
  from support.escalations as e
  join support.escalations as o on o.conversation_id = e.conversation_id and o.issue_id = e.issue_id
    and o.id <> e.id
  join public.loop_events as a
    on a.issue_id = e.issue_id and a.hop = 'answered' and a.reference = o.id::text and a.at >= e.created_at
  where e.issue_id = any (p_issue_ids)
  group by e.issue_id, a.generation, e.id
  order by e.issue_id, e.id, a.generation
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
end;
$$;
comment on function private.share_answers is
  'Records that those escalations of these issues were answered whose conversation was told since '
  'they were written.';

create or replace function private.enqueue_replies(
  p_events public.loop_events[], p_references text[] default null, p_is_draft boolean default false
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  perform private.adopt_sent_replies(p_events);
  perform private.copy_answers(p_events);
  perform private.share_answers(array(select e.issue_id from unnest(p_events) as e));
  with resolved as (
    select e.issue_id, e.generation, e.id,
      case when p_is_draft then 'draft' else private.reply_status(e) end as status,
      private.render_reply('fixed', e.issue_id, private.shipped_version(e.issue_id, e.generation)) as body
    from unnest(p_events) as e
    -- what was resolved before it was known here is history: an import of years answers nobody
    join public.loop_issues as l on l.issue_id = e.issue_id and e.at >= l.created_at - interval '1 hour'
  )
  insert into public.deliveries (
    channel, kind, issue_id, generation, event_id, dedupe_key, body, payload, status, last_error
  )
  select t.channel, 'fixed', r.issue_id, r.generation, r.id,
    format('fixed:%s:%s:%s:%s', r.issue_id, r.generation, t.channel, t.thread), r.body,
    coalesce(t.target, '{}')
      || jsonb_build_object('reporters', t.reporters, 'marker', private.new_reply_marker()),
    case
      when t.target is null then 'dead'
      when private.quotes_another_visitor(r.issue_id, t.thread) then 'draft'
      else r.status
    end,
    t.unreachable_reason
  from resolved as r
  join private.reply_targets(array(select distinct e.issue_id from unnest(p_events) as e)) as t
    on t.issue_id = r.issue_id and (p_references is null or t.reporters && p_references)
  -- whose delivery may be pruned already
  where not exists (
    select from public.loop_events as a
    where a.issue_id = r.issue_id and a.generation = r.generation and a.hop = 'answered'
      and a.reference = any (t.reporters)
  )
  order by r.issue_id, t.channel, t.thread collate "C"
  on conflict on constraint deliveries_dedupe_key_key do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.enqueue_replies is
  'Writes a reply to each reporter of these resolved issues, or to those with these messages and '
  'escalations, that has none in their generation, and returns how many. p_is_draft: drafts in any case.';

-- For reporters that an issue gets after it was resolved, by a merge for example.
create or replace function private.answer_late_reporters(p_issue_id uuid) returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.enqueue_replies(array(
    select e from public.loop_events as e
    join public.loop_issues as l on l.issue_id = e.issue_id and l.generation = e.generation
    join public.issues as i on i.id = e.issue_id and i.status = 'resolved'
    where e.issue_id = p_issue_id and e.hop = 'resolved'
    order by e.id limit 1
  ));
end;
$$;
comment on function private.answer_late_reporters is
  'Writes replies to those reporters of an issue that is resolved who have none, and returns how many.';

-- Who wrote before the fix is told of it as everybody; a later report may show that the fix does not hold.
create or replace function private.answer_late_reports(p_events public.loop_events[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_late record;
begin
  for v_late in
    select array[e] as events, n.at > e.at as is_later, array_agg(n.reference) as refs
    from unnest(p_events) as n
    join public.issues as i on i.id = n.issue_id and i.status = 'resolved'
    join public.loop_issues as l on l.issue_id = i.id
    join public.loop_events as e
      on e.issue_id = i.id and e.generation = l.generation and e.hop = 'resolved' and e.reference = ''
    where n.reference <> ''
    group by e, n.at > e.at
    order by min(e.id)
  loop
    perform private.enqueue_replies(v_late.events, v_late.refs, v_late.is_later);
  end loop;
end;
$$;
comment on function private.answer_late_reports is
  'Writes replies to those who reported an issue that was resolved already; drafts where they wrote later.';
