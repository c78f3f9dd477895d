-- The view of ready issues: active issues that wait for nothing, the most useful first.
--
-- What is not selected is not counted, and the order needs none of the last three.

create view public.exai_ready_issues with (security_invoker = true) as
select
  i.*,
  c.completed_count as completed_steps,
  c.step_count as total_steps,
  case
    when c.step_count > c.skipped_count
      then round(100.0 * c.completed_count / (c.step_count - c.skipped_count))::integer
    else 0
  end as progress_percentage,
  c.skipped_count as skipped_steps,
  c.unblocks_count,
  (
    select count(distinct e.reporter_key)::integer
    from public.issue_links as k
    join public.loop_events as e on e.issue_id = k.issue_id
    where k.exai_issue_id = i.id and e.hop = 'reported'
      -- an issue stands for its reporter until a message does
      and (e.reference <> '' or not exists (
        select from public.loop_events as o
        where o.issue_id = e.issue_id and o.hop = 'reported' and o.reference <> ''
      ))
  ) as reporters_count,
  case when c.unblocks_count > 0 then private.count_unblocked_exai_issues(i.id) else 0 end
    as total_unblocks_count,
  (
    select max(private.used_share(p.clock, p.calendar_id, t.target_seconds, t.due_at))
    from public.issue_links as k
    join public.service_targets as t on t.issue_id = k.issue_id
    left join public.service_policies as p on p.id = t.policy_id
    where k.exai_issue_id = i.id and t.met_at is null and t.cancelled_at is null
  ) as level_risk
from private.exai_issue_counts as c
join public.exai_issues as i on i.id = c.issue_id
where c.is_ready
order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number;
comment on view public.exai_ready_issues is
  'Engineering issues that are open or in_progress and wait for nothing: no unfinished issue blocks them or '
  'any of their ancestors, all their children are done, and they are not duplicates. Ordered by severity, by '
  'how many active issues they block directly, and by age. Includes claimed issues: see lease_expires_at, '
  'and next_exai_issue().';
comment on column public.exai_ready_issues.unblocks_count is
  'How many active issues this one, or a duplicate of it, blocks directly.';
comment on column public.exai_ready_issues.reporters_count is
  'How many people are affected: the authors of the messages and the visitors of the escalations of all '
  'issues that are linked to it, each person once.';
comment on column public.exai_ready_issues.total_unblocks_count is
  'How many active issues wait for this one, directly or for one that does, counted up to 100.';
comment on column public.exai_ready_issues.level_risk is
  'Of the service levels that are open for the issues that are linked to it, the one of which most is used '
  'up: 1 when it is due, more after that; null without any, or while they are paused.';
grant select on public.exai_ready_issues to authenticated, service_role;
