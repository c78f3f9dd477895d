-- Questions that were asked more than once: for repeated_questions.

create table private.issue_question_counts (
  question_key text not null,
  issue_count bigint not null,
  last_at timestamptz not null,
  constraint issue_question_counts_pkey primary key (question_key)
);
comment on table private.issue_question_counts is
  'The number of issues whose titles have the same words, where it is two or more.';
comment on column private.issue_question_counts.question_key is 'As in issue_search.';
comment on column private.issue_question_counts.last_at is 'When the newest of them was created.';
-- The most frequent first, of those the latest; the latest first.
create index issue_question_counts_issue_count_last_at_idx
  on private.issue_question_counts (issue_count, last_at);
create index issue_question_counts_last_at_idx on private.issue_question_counts (last_at);
alter table private.issue_question_counts enable row level security;
-- The view repeated_questions reads this with its caller's rights; no role has USAGE on the schema for more.
create policy issue_question_counts_select_viewer on private.issue_question_counts
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_question_counts to authenticated, service_role;

create or replace function private.count_issue_questions() returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.question_key, count(*), max(c.created_at)
  from private.counted_issues as c
  where c.space_number = 1 and c.question_key is not null
  group by c.question_key
  having count(*) > 1;
end;
$$;
comment on function private.count_issue_questions is 'issue_question_counts, counted from counted_issues.';

-- A question without a row was asked once at most.
create or replace function private.sum_issue_questions(p_changes private.issue_count_changes)
returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with delta as materialized (
    select (s.part).question_key, sum(s.sign)::bigint as issue_count,
      max((s.part).created_at) filter (where s.sign = 1) as last_at
    from private.signed_parts(p_changes) as s
    where (s.part).space_number = 1 and (s.part).question_key is not null
    group by 1
  )
  select d.question_key,
    d.issue_count + coalesce(q.issue_count, (
      select count(*) from private.counted_issues as c
      where c.question_key = d.question_key and c.space_number = 1
    )),
    greatest(d.last_at, (
      select c.created_at from private.counted_issues as c
      where c.question_key = d.question_key and c.space_number = 1
        and c.issue_id <> all (p_changes.issue_ids)
      order by c.created_at desc limit 1
    ))
  from delta as d
  left join private.issue_question_counts as q on q.question_key = d.question_key;
end;
$$;
comment on function private.sum_issue_questions is
  'The questions that changes affect, with the changes added: also those asked once, or no more.';

create or replace function private.add_to_issue_questions(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_question_counts as q
  using private.sum_issue_questions(p_changes) as s on s.question_key = q.question_key
  when matched and s.issue_count < 2 then delete
  when matched and row(q.*) is distinct from row(s.*)
    then update set issue_count = s.issue_count, last_at = s.last_at
  when not matched and s.issue_count > 1 then insert values (s.question_key, s.issue_count, s.last_at);
end;
$$;
comment on function private.add_to_issue_questions is 'Adds changes to issue_question_counts.';

create or replace function private.load_changed_questions() returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query select s.* from private.sum_issue_questions(private.load_waiting_issue_changes()) as s;
end;
$$;
comment on function private.load_changed_questions is
  'What issue_question_counts does not contain yet; nothing for callers who may not read issues.';
grant execute on function private.load_changed_questions to authenticated, service_role;
