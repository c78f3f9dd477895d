-- With whose GitHub token the sweep may ask about a pull request.

-- The users of its tasks, and those of the team who linked it or added its repository to the loop: a merge
-- whose delivery was lost is found with their token, or without one where the repository is public.
create view private.pull_request_readers with (security_invoker = true) as
select l.pull_request_id, l.user_id
from public.task_pull_requests as l
union all
select l.pull_request_id, case when private.is_team_agent(u.id) then u.id end
from public.exai_issue_pull_requests as l
join public.pull_requests as p on p.id = l.pull_request_id
left join public.loop_repositories as r on r.repository_id = p.repository_id
cross join lateral (select coalesce(l.linked_by_user_id, r.added_by_user_id)) as u (id);
comment on view private.pull_request_readers is
  'Whose token the sweep may ask about each pull request with: users of its tasks, and agents of the team '
  'who linked it to an engineering issue or added its repository to the loop. A null user '
  'is nobody''s token.';
