-- Deletes old test issues.

create or replace function private.cleanup_legacy_test_data(p_days_old integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- Bounded, because larger intervals could leave the range of timestamps.
  v_before constant timestamptz := now() - make_interval(days => least(greatest(p_days_old, 0), 36500));
  v_deleted_count integer;
begin
  perform private.require_team_role('admin');
  if p_days_old is null or p_days_old < 0 then
    raise exception using
      errcode = 'PT422', message = 'tracker_days_old_invalid', detail = 'days_old must be 0 or more.',
      hint = 'Leave it out for the default of 7 days.';
  end if;
  -- The lock that every delete of issues takes, then the issues in the order in which imports lock them.
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  perform from public.issues as i where i.is_test and i.created_at < v_before order by i.id for update;
  delete from public.issues as i where i.is_test and i.created_at < v_before;
  get diagnostics v_deleted_count = row_count;
  return v_deleted_count;
end;
$$;
grant execute on function private.cleanup_legacy_test_data to authenticated, service_role;

create or replace function public.cleanup_legacy_test_data(days_old integer default 7) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cleanup_legacy_test_data(cleanup_legacy_test_data.days_old);
end;
comment on function public.cleanup_legacy_test_data is
  'Deletes issues with is_test that are older than days_old days, with their comments and logs, and returns '
  'their number. Admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'tracker_days_old_invalid (422).';
grant execute on function public.cleanup_legacy_test_data to authenticated, service_role;
