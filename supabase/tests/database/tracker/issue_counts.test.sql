-- The counts behind the views equal what counting all issues gives, at every moment, whatever was written.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(20);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

-- The views as they would be over the issues themselves.
create function pg_temp.by_space() returns setof issues_by_space language sql as $$
  with source as (
    select distinct on (c.mapped_to_issue_id, coalesce(c.space_id, c.space_name))
      c.mapped_to_issue_id as issue_id, coalesce(c.space_id, c.space_name) as space_key, c.space_id,
      c.space_name
    from circle_issues as c where c.mapped_to_issue_id is not null
    order by c.mapped_to_issue_id, coalesce(c.space_id, c.space_name), c.created_at desc, c.id
  )
  select (array_agg(s.space_id order by i.created_at desc, i.id))[1],
    (array_agg(s.space_name order by i.created_at desc, i.id))[1], count(*),
    count(*) filter (where i.status in ('waiting_for_help', 'in_progress', 'blocked')), count(i.resolved_at),
    round(percentile_cont(0.5) within group (order by h.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by h.hours)::numeric, 2), max(i.created_at)
  from issues as i
  left join source as s on s.issue_id = i.id
  cross join lateral (
    select case when i.resolved_at is not null
      then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
    end as hours
  ) as h
  where not i.is_test
  group by s.space_key
$$;
create function pg_temp.ages() returns setof issue_status_ages language sql as $$
  select i.status, i.segment, i.age_bucket, count(*), count(*) filter (where i.assigned_to is null),
    min(i.created_at)
  from open_issues as i group by 1, 2, 3
$$;
create function pg_temp.trends() returns setof issue_trends language sql as $$
  select e.week::date, e.segment, count(*) filter (where e.is_opening), count(e.hours),
    round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2)
  from (
    select date_trunc('week', i.created_at at time zone 'UTC') as week, i.segment, true as is_opening,
      null::double precision as hours
    from issues as i where not i.is_test
    union all
    select date_trunc('week', i.resolved_at at time zone 'UTC'), i.segment, false,
      greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
    from issues as i where not i.is_test and i.resolved_at is not null
  ) as e group by 1, 2
$$;
create function pg_temp.questions() returns setof repeated_questions language sql as $$
  select s.question_key, (array_agg(i.title order by i.created_at desc, i.id))[1], count(*),
    count(distinct i.submitted_by), count(i.resolved_at), min(i.created_at), max(i.created_at),
    array_agg(i.id order by i.created_at desc, i.id)
  from private.issue_search as s join issues as i on i.id = s.issue_id
  where not i.is_test and s.question_key is not null
  group by s.question_key having count(*) > 1
$$;
create function pg_temp.differences() returns text language plpgsql as $$
declare
  v_pair record;
  v_found text;
  v_all text;
begin
  for v_pair in values ('issues_by_space', 'by_space'), ('issue_status_ages', 'ages'),
    ('issue_trends', 'trends'), ('repeated_questions', 'questions')
  loop
    execute format(
      'select string_agg(d::text, chr(10)) from (
        (select true, v.* from %1$I as v except all select true, p.* from pg_temp.%2$I() as p)
        union all
        (select false, p.* from pg_temp.%2$I() as p except all select false, v.* from %1$I as v)
      ) as d', v_pair.column1, v_pair.column2
    ) into v_found;
    v_all := concat_ws(chr(10), v_all, v_pair.column1 || ': ' || v_found);
  end loop;
  return nullif(v_all, '');
end;
$$;

create function pg_temp.any_issue() returns uuid language sql volatile as $$
  select id from issues order by md5(seq_id::text || random()) limit 1
$$;
create function pg_temp.any_message() returns text language sql volatile as $$
  select message_id from circle_issues order by md5(message_id || random()) limit 1
$$;
create function pg_temp.any_of(variadic p_values text[]) returns text language sql volatile as $$
  select p_values[1 + floor(random() * cardinality(p_values))::integer]
$$;
-- One write of some kind.
create function pg_temp.write(p_kind integer) returns void language plpgsql as $$
declare
  v_status constant text := pg_temp.any_of('waiting_for_help', 'in_progress', 'blocked', 'resolved',
    'archived');
  v_issue_id constant uuid := pg_temp.any_issue();
  v_message_id constant text := pg_temp.any_message();
  v_segment constant text := pg_temp.any_of('auth', 'code');
  v_space_id constant text := pg_temp.any_of(null, '7', '8');
  v_created_at constant timestamptz := now() - case when random() < 0.3
    then pg_temp.any_of('1 day', '3 days', '7 days', '30 days', '0 days')::interval
    else random() * interval '60 days' end;
begin
  case p_kind
    when 0, 1 then
      insert into issues (title, segment, status, created_at, resolved_at, submitted_by, assigned_to, is_test)
      values (
        pg_temp.any_of('Reset a password', 'Passwords reset', 'Crash', 'crashed', '???', 'Once ' || random()),
        v_segment, v_status, v_created_at,
        case when v_status = 'resolved' then v_created_at + floor(random() * 5 - 1) * interval '3 hours' end,
        pg_temp.any_of('Ana', 'Bo'), pg_temp.any_of(null, 'Cy'), random() < 0.1
      );
    when 2 then update issues set status = v_status where id = v_issue_id;
    when 3 then delete from issues where id = v_issue_id;
    when 4 then update issues set is_test = not is_test, segment = 'tool' where id = v_issue_id;
    when 5 then
      update issues set title = pg_temp.any_of('Crash', 'Reset password', 'The'),
        assigned_to = pg_temp.any_of(null, 'Di')
      where id = v_issue_id;
    when 6 then
      insert into circle_issues (message_id, space_id, space_name, mapped_to_issue_id, created_at)
      values (random(), v_space_id, pg_temp.any_of(null, 'Help', 'Lounge'), v_issue_id, v_created_at);
    when 7 then update circle_issues set space_id = v_space_id where message_id = v_message_id;
    when 8 then
      update circle_issues set mapped_to_issue_id = case when random() < 0.5 then v_issue_id end
      where message_id = v_message_id;
    when 9 then delete from circle_issues where message_id = v_message_id;
    when 10 then
      perform handle_circle_webhook(pg_temp.single(
        pg_temp.any_of('1', '2', '3', '4'), 'There is a bug ' || random(),
        jsonb_build_object('is_issue', true, 'issue_title', 'Crash', 'type', pg_temp.any_of('Auth', 'Tool')),
        jsonb_build_object('edited_at', clock_timestamp(), 'space_name', pg_temp.any_of('Help', 'Lounge'))
      ));
    else update issues set status = v_status where segment = v_segment;
  end case;
end;
$$;
-- The first difference after any of some writes, while the counts are brought up to date now and then.
create function pg_temp.first_difference(p_seed double precision, p_writes integer) returns text
language plpgsql as $$
declare
  v_kind integer;
  v_found text;
begin
  perform setseed(p_seed);
  for v_write in 1 .. p_writes loop
    v_kind := floor(random() * 12);
    perform pg_temp.write(v_kind);
    if random() < 0.3 then
      perform private.run_issue_counts(1 + floor(random() * 6)::integer);
    end if;
    v_found := pg_temp.differences();
    if v_found is not null then
      return format('after write %s, of kind %s: ', v_write, v_kind) || v_found;
    end if;
  end loop;
  return null;
end;
$$;

insert into issues (title, segment, created_at) select 'Seen ' || n, 'misc', now() - n * interval '1 hour'
from generate_series(1, 20) as n;
select is(pg_temp.differences(), null, 'before anything is counted');
select ok(private.run_issue_counts() >= 20, 'the job counts what was written');
select is(private.run_issue_counts(), 0, 'once');
select is(pg_temp.differences(), null, 'once it is counted');
select is(pg_temp.first_difference(s.seed, 40), null, 'after any of 40 writes, seed ' || s.seed)
from unnest(array[0.1, 0.2, 0.3, 0.4]) as s (seed);
select isnt((select count(*) from repeated_questions), 0::bigint, 'there are groups');

select is_empty('select * from private.verify_issue_counts()', 'what is stored is what is counted again');
select private.run_issue_counts();
select is_empty('select * from private.verify_issue_counts()', 'also when everything is counted');
select is((select count(*) from private.issue_changes), 0::bigint, 'and nothing waits');

-- Many issues that took equally long, and percentiles that move by many ranks.

insert into issues (title, segment, status, created_at, resolved_at)
select 'Equal ' || n, 'misc', 'resolved', now(), now() + (n % 3) * interval '1 hour'
from generate_series(1, 60) as n;
select private.run_issue_counts();
update issues set status = 'in_progress' where title like 'Equal %' and created_at = resolved_at;
select is(pg_temp.differences(), null, 'percentiles move up, over issues that took equally long');
select private.run_issue_counts();
delete from issues where title like 'Equal %' and resolved_at > created_at;
select is(pg_temp.differences(), null, 'and down');

-- The check, and counting everything again

update private.issue_age_counts as a set issue_count = a.issue_count + 1
where a.ctid = (select min(f.ctid) from private.issue_age_counts as f);
delete from private.issue_question_counts where question_key = 'crash';
select set_eq(
  'select distinct name from private.verify_issue_counts()',
  array['issue_age_counts', 'issue_question_counts'], 'a wrong and a missing count are found'
);
select private.rebuild_issue_counts();
select is(pg_temp.differences(), null, 'counting everything again corrects them');
select is_empty('select * from private.verify_issue_counts()', 'all of them');

-- Who may

select is_empty(
  $$ select r.name, f.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     cross join unnest(array[
       'run_issue_counts(integer)', 'verify_issue_counts()', 'rebuild_issue_counts()'
     ]) as f (name)
     where has_function_privilege(r.name, 'private.' || f.name, 'execute') $$,
  'these are for the scheduler and operators'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('Crash') returning 1 $$), '1',
  'an agent''s write is noted with rights that the agent lacks'
);
select matches(pg_temp.as_persona('agent', 'select count(*) from private.issue_changes'), '^42501 ',
  'so that nobody reads what waits');

select * from finish();
rollback;
