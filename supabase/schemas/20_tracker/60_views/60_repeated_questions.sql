-- Questions that were asked more than once: issues whose titles have the same words.

create view public.repeated_questions with (security_invoker = true) as
with repeated as (
  select s.question_key from private.issue_search as s
  where s.question_key is not null
  group by s.question_key
  having count(*) > 1
)
select
  s.question_key,
  (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
  count(*) as issue_count,
  count(distinct i.submitted_by) as people_count,
  count(i.resolved_at) as resolved_count,
  min(i.created_at) as first_at,
  max(i.created_at) as last_at,
  array_agg(i.id order by i.created_at desc, i.id) as issue_ids
from repeated as r
join private.issue_search as s on s.question_key = r.question_key
join public.issues as i on i.id = s.issue_id
where not i.is_test
group by s.question_key
having count(*) > 1;
comment on view public.repeated_questions is
  'Groups of two or more issues whose titles have the same words, regardless of order, case, endings and '
  'punctuation. No test issues.';
comment on column public.repeated_questions.question_key is
  'The words of the title without stop words and endings, sorted; their md5 when long.';
comment on column public.repeated_questions.example_title is 'The title of the newest issue.';
comment on column public.repeated_questions.people_count is 'The number of distinct names in submitted_by.';
comment on column public.repeated_questions.resolved_count is
  'Resolved issues, including those archived later.';
comment on column public.repeated_questions.issue_ids is 'Newest first.';

grant select on public.repeated_questions to authenticated, service_role;
