-- The open issues, neither resolved nor archived, with their age.

create view public.open_issues with (security_invoker = true) as
select
  i.id,
  i.seq_id,
  i.title,
  i.status,
  i.segment,
  i.submitted_by,
  i.assigned_to,
  i.assigned_to_user_id,
  i.tags,
  i.ready_for_delivery,
  i.created_at,
  i.updated_at,
  now() - i.created_at as age,
  case
    when i.created_at > now() - interval '1 day' then 'under 1 day'
    when i.created_at > now() - interval '3 days' then '1 to 3 days'
    when i.created_at > now() - interval '7 days' then '3 to 7 days'
    when i.created_at > now() - interval '30 days' then '7 to 30 days'
    else 'over 30 days'
  end as age_bucket,
  -- Never null, and as a condition a comparison for which there is an index, unlike coalesce(…, false). As
  -- text, since the planner would take the issues without an assignee off its estimate a second time.
  i.assigned_to_user_id = (select auth.uid()) and i.assigned_to_user_id::text is not null
    and (select auth.uid()) is not null as is_mine,
  s.comment_count
from public.issues as i
join private.issue_search as s on s.issue_id = i.id
where i.status in ('waiting_for_help', 'in_progress', 'blocked') and not i.is_test;
comment on view public.open_issues is
  'Issues that are waiting for help, in progress or blocked. No test issues. Pages ordered by created_at '
  'or comment_count, ascending or descending, use an index, and so does `is_mine=eq.true`.';
comment on column public.open_issues.age is 'Time since its creation.';
comment on column public.open_issues.age_bucket is
  'under 1 day, 1 to 3 days, 3 to 7 days, 7 to 30 days or over 30 days.';
comment on column public.open_issues.is_mine is 'Whether it is assigned to the caller''s account.';

grant select on public.open_issues to authenticated, service_role;
