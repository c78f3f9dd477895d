-- Questions that were asked more than once: issues whose titles have the same words.

-- The groups come from the counts, in the order that is asked for; the issues of a group are read when its
-- row is. A `with`, or a condition inside of the union, would keep that order from reaching the index.
create view public.repeated_questions with (security_invoker = true) as
select
  q.question_key,
  d.example_title,
  q.issue_count,
  d.people_count,
  d.resolved_count,
  d.first_at,
  q.last_at,
  d.issue_ids
from (
  select s.question_key, s.issue_count, s.last_at, false as is_changed from private.issue_question_counts as s
  union all
  select c.question_key, c.issue_count, c.last_at, true from private.load_changed_questions() as c
) as q
cross join lateral (
  select
    (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
    count(distinct i.submitted_by) as people_count,
    count(i.resolved_at) as resolved_count,
    min(i.created_at) as first_at,
    array_agg(i.id order by i.created_at desc, i.id) as issue_ids
  from private.issue_search as s
  join public.issues as i on i.id = s.issue_id
  where s.question_key = q.question_key and not i.is_test
) as d
where q.issue_count > 1 and (
  q.is_changed
  or q.question_key <> all (array(select c.question_key from private.load_changed_questions() as c))
);
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
