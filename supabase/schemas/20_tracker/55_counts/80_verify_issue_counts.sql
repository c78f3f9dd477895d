-- Compares the counts with the issues, and counts everything again.

create or replace function private.verify_issue_counts()
returns table (name text, key text, stored jsonb, counted jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with stored (name, key, value) as (
    select 'counted_issues', format('%s %s', c.issue_id, c.space_number), to_jsonb(c)
    from private.counted_issues as c
    union all
    select 'issue_age_counts', format('%s %s %s', a.created_on, a.status, a.segment), to_jsonb(a)
    from private.issue_age_counts as a
    union all
    select 'issue_week_counts', format('%s %s', w.week, w.segment), to_jsonb(w)
    from private.issue_week_counts as w
    union all
    select 'issue_space_counts', s.space, to_jsonb(s) from private.issue_space_counts as s
    union all
    select 'issue_question_counts', q.question_key, to_jsonb(q) from private.issue_question_counts as q
  ),
  counted (name, key, value) as (
    select 'counted_issues', format('%s %s', c.issue_id, c.space_number), to_jsonb(c)
    from private.load_issues_to_count(null) as c
    union all
    select 'issue_age_counts', format('%s %s %s', a.created_on, a.status, a.segment), to_jsonb(a)
    from private.count_issue_ages() as a
    union all
    select 'issue_week_counts', format('%s %s', w.week, w.segment), to_jsonb(w)
    from private.count_issue_weeks() as w
    union all
    select 'issue_space_counts', s.space, to_jsonb(s) from private.count_issue_spaces() as s
    union all
    select 'issue_question_counts', q.question_key, to_jsonb(q) from private.count_issue_questions() as q
  )
  select coalesce(s.name, c.name), coalesce(s.key, c.key), s.value, c.value
  from stored as s
  full join counted as c on c.name = s.name and c.key = s.key
  where s.value is distinct from c.value and not (
    -- Issues that changed since they were counted differ, which the views take into account.
    coalesce(s.name, c.name) = 'counted_issues' and exists (
      select from private.issue_changes as w
      where w.issue_id = (coalesce(s.value, c.value) ->> 'issue_id')::uuid
    )
  );
end;
$$;
comment on function private.verify_issue_counts is
  'Counts everything again and returns the differences; no row means that all counts are correct. Reads all '
  'issues. For operators.';

create or replace function private.rebuild_issue_counts() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('private.issue_changes', 0));
  -- Appended by whoever writes from here on; the truncates wait for those who are writing.
  truncate private.issue_changes, private.counted_issues, private.issue_age_counts, private.issue_week_counts,
    private.issue_space_counts, private.issue_question_counts;
  insert into private.counted_issues select c.* from private.load_issues_to_count(null) as c;
  insert into private.issue_age_counts select a.* from private.count_issue_ages() as a;
  insert into private.issue_week_counts select w.* from private.count_issue_weeks() as w;
  insert into private.issue_space_counts select s.* from private.count_issue_spaces() as s;
  insert into private.issue_question_counts select q.* from private.count_issue_questions() as q;
end;
$$;
comment on function private.rebuild_issue_counts is
  'Counts all issues again, while nothing is written. For operators, after issues were loaded with '
  'triggers turned off.';
