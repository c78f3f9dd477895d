-- When the sum over a workspace is not complete yet.

-- A day ends on the islands at UTC-12 last. Until then, a workspace's number of it may lack a user's.
create or replace function private.incomplete_periods(p_workspace_id uuid, p_platform text, p_type text)
returns date[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_first constant date := (now() at time zone interval '-12:00')::date;
begin
  return array(
    select distinct private.period_start(p_type, v_first + n)
    from generate_series(0, 2) as n
    where exists (
      select from public.monitors as m
      where m.workspace_id = p_workspace_id and m.is_active and p_platform in (m.platform, 'all')
        and not exists (
          select from public.analytics_snapshots as s
          where s.user_id = m.user_id and s.workspace_id = p_workspace_id and s.platform = p_platform
            and s.snapshot_date = private.period_start(p_type, v_first + n) and s.snapshot_type = p_type
        )
        and exists (
          select from public.analytics_snapshots as s
          where s.user_id = m.user_id and s.workspace_id = p_workspace_id and s.platform = p_platform
            and s.snapshot_date < private.period_start(p_type, v_first + n) and s.snapshot_type = p_type
        )
    )
  );
end;
$$;
comment on function private.incomplete_periods is
  'Of the days, weeks or months that contain a day that has not ended everywhere, those of which a user of '
  'the workspace has no number yet.';
