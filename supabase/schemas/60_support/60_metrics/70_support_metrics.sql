-- The figures of a range of days in one answer.

create or replace function private.support_metrics(p_days integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_to constant date := private.support_day(now());
  v_from constant date := v_to - least(greatest(coalesce(p_days, 28), 1), 366) + 1;
begin
  perform private.require_team_role('viewer');
  return (
    select jsonb_build_object(
      'from', v_from, 'to', v_to, 'counted_at', (select s.counted_at from private.support_metrics_state as s),
      'active_conversations', (
        select count(*) from support.conversations as c where c.status <> 'closed'
      ),
      'conversations', coalesce(sum(d.conversations_count), 0),
      'escalated_conversations', coalesce(sum(d.escalated_conversations_count), 0),
      'escalation_rate', round(
        sum(d.escalated_conversations_count) / nullif(sum(d.conversations_count), 0), 4
      ),
      'answers', coalesce(sum(d.assistant_messages_count), 0),
      'unsure_answers', coalesce(sum(d.unsure_answers_count), 0),
      'helpful', coalesce(sum(d.helpful_count), 0), 'unhelpful', coalesce(sum(d.unhelpful_count), 0),
      'helpful_rate', round(
        sum(d.helpful_count) / nullif(sum(d.helpful_count) + sum(d.unhelpful_count), 0), 4
      ),
      'response_times', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'responder', r.responder, 'kind', case when r.is_first then 'first' else 'later' end,
          'responses', r.count, 'median_seconds', round(r.seconds[1]::numeric, 1),
          'p90_seconds', round(r.seconds[2]::numeric, 1)
        ) order by r.responder, r.is_first desc), '[]')
        from private.sum_support_responses(v_from, v_to) as r
      ),
      'errors', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'operation', e.operation, 'cause', e.cause, 'errors', e.errors_count
        ) order by e.errors_count desc, e.operation, e.cause), '[]')
        from (
          select l.operation, l.cause, sum(l.errors_count) as errors_count
          from private.load_support_errors() as l where l.day between v_from and v_to
          group by l.operation, l.cause order by 3 desc, 1, 2 limit 50
        ) as e
      )
    )
    from private.support_days as d where d.day between v_from and v_to
  );
end;
$$;
grant execute on function private.support_metrics to authenticated, service_role;

create or replace function support.support_metrics(days integer default 28) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.support_metrics(support_metrics.days);
end;
comment on function support.support_metrics is
  'The figures of the last days, 1 to 366, the current one included, in UTC: active_conversations as of now, '
  'counts and rates as of counted_at, response times and errors as of now. Rates are 0 to 1. Viewers and '
  'servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function support.support_metrics to authenticated, service_role;
