-- How many issues of the last four weeks reached each hop, and how long they took.

create or replace function private.load_loop_funnel()
returns table (
  dimension text, key text, label text, hop_number integer, hop text, issues_count bigint, share numeric,
  conversion numeric, median_seconds numeric, p90_seconds numeric, median_total_seconds numeric,
  p90_total_seconds numeric, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counted_at timestamptz;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_counted_at := private.report_counted_at('loop_funnel');
  if v_counted_at is null then
    return query
    select c.dimension, c.key, c.label, c.hop_number, c.hop, c.issues_count, c.share, c.conversion,
      c.median_seconds, c.p90_seconds, c.median_total_seconds, c.p90_total_seconds, now()
    from private.count_loop_funnel(now() - interval '28 days') as c;
  else
    return query
    select c.dimension, c.key, c.label, c.hop_number, c.hop, c.issues_count, c.share, c.conversion,
      c.median_seconds, c.p90_seconds, c.median_total_seconds, c.p90_total_seconds, v_counted_at
    from private.funnel_counts as c;
  end if;
end;
$$;
comment on function private.load_loop_funnel is
  'What loop_funnel contains; nothing for callers who may not read issues.';
grant execute on function private.load_loop_funnel to authenticated, service_role;

create view public.loop_funnel with (security_invoker = true) as
select * from private.load_loop_funnel();
comment on view public.loop_funnel is
  'How many of the issues that were first reported in 28 days until counted_at reached each hop, in their '
  'first generation. Counted every ten minutes, and when it is read until then. No test issues and no '
  'duplicates that are merged.';
comment on column public.loop_funnel.dimension is
  'all for one row per hop; space, segment and week (the Monday, in UTC, of the report) for one per value.';
comment on column public.loop_funnel.key is
  'The space''s id, the segment or the week; null for all, and for issues of no space.';
comment on column public.loop_funnel.label is 'The name of the space.';
comment on column public.loop_funnel.share is 'Of the issues that were reported, 0 to 1.';
comment on column public.loop_funnel.conversion is
  'Of the issues with the hop before this one, the share that has this one too, 0 to 1; null for reported.';
comment on column public.loop_funnel.median_seconds is
  'Half of them took no longer since the latest hop before; null for reported.';
comment on column public.loop_funnel.p90_seconds is 'Nine of ten took no longer.';
comment on column public.loop_funnel.median_total_seconds is
  'Half of them took no longer since the report; in the row of answered, from the message to the answer.';
comment on column public.loop_funnel.p90_total_seconds is 'Nine of ten took no longer.';
comment on column public.loop_funnel.counted_at is 'The time that the row is of.';
grant select on public.loop_funnel to authenticated, service_role;
