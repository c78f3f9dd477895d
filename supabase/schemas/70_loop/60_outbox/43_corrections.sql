-- Corrections: whoever was told that an issue is fixed may be told that it is not. Always a draft.

-- By the ledger, which has those who were told of it as reporters of another issue, and longer than
-- deliveries are kept. A generation in which nobody was told changes nothing.
create or replace function private.is_told_fixed(p_issue_id uuid, p_channel text, p_reporters text[])
returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_generation constant integer := (
    select max(e.generation) from public.loop_events as e
    where e.issue_id = p_issue_id and e.hop = 'answered' and e.reference = any (p_reporters)
  );
begin
  return v_generation is not null and not exists (
    select from public.deliveries as d
    where d.issue_id = p_issue_id and d.kind = 'reopened' and d.status = 'delivered'
      and d.generation > v_generation and d.channel = p_channel and d.payload -> 'reporters' ?| p_reporters
  );
end;
$$;
comment on function private.is_told_fixed is
  'Whether the last that these reporters of an issue were told is that it is fixed.';

create or replace function private.enqueue_corrections(p_issue_ids uuid[], p_references text[] default null)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  insert into public.deliveries (
    channel, kind, issue_id, generation, event_id, dedupe_key, body, payload, status, last_error
  )
  select t.channel, 'reopened', t.issue_id, l.generation, e.id,
    format('reopened:%s:%s:%s:%s', t.issue_id, l.generation, t.channel, t.thread),
    private.render_reply('reopened', t.issue_id, null),
    coalesce(t.target, '{}')
      || jsonb_build_object('reporters', t.reporters, 'marker', private.new_reply_marker()),
    case when t.target is null then 'dead' else 'draft' end, t.unreachable_reason
  from private.reply_targets(p_issue_ids) as t
  join public.loop_issues as l on l.issue_id = t.issue_id
  join public.issues as i on i.id = t.issue_id and i.resolved_at is null and i.status <> 'archived'
  left join public.loop_events as e
    on e.issue_id = t.issue_id and e.generation = l.generation and e.hop = 'reopened' and e.reference = ''
  where case when p_references is null then private.is_told_fixed(t.issue_id, t.channel, t.reporters)
    else t.reporters && p_references end
  order by t.issue_id, t.channel, t.thread collate "C"
  on conflict on constraint deliveries_dedupe_key_key do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.enqueue_corrections is
  'Writes drafts to those who were told that these open issues are fixed, or to those with these messages '
  'and escalations, once per generation, and returns how many.';

-- They were told that it is fixed after it was reopened, or after they had got another issue: it was under
-- way.
create or replace function private.correct_late_answers(p_ids bigint[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open record;
begin
  for v_open in
    select r.issue_id, array_agg(r.reference) as refs
    from private.load_reply_reporters(
      array(select d.id from public.deliveries as d where d.id = any (p_ids) and d.kind = 'fixed')
    ) as r
    join public.issues as i on i.id = r.issue_id and i.resolved_at is null
    group by r.issue_id
    order by r.issue_id
  loop
    perform private.enqueue_corrections(array[v_open.issue_id], v_open.refs);
  end loop;
end;
$$;
comment on function private.correct_late_answers is
  'Writes corrections, as drafts, to those whom these replies have told of a fix and whose issue is open.';
