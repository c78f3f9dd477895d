-- Work renews a claim: each write of its holder, and no write of anybody else.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(26);

\ir ../helpers/personas.psql

insert into exai_issues (id, title) select ('10000000-0000-4000-8000-00000000000' || n)::uuid, n::text
from generate_series(1, 2) as n;
insert into exai_issue_checklist (issue_id, description) select id, 'Step' from exai_issues;
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.number_of(p_number integer) returns integer language sql as $$
  select issue_number from exai_issues where id = pg_temp.i(p_number)
$$;
create function pg_temp.run(p_statement text) returns text language plpgsql as $$
begin
  execute p_statement;
  return '';
end;
$$;
grant execute on function pg_temp.i, pg_temp.number_of, pg_temp.run to authenticated, service_role;
create function pg_temp.claim(p_conversation text, p_minutes integer default 30) returns text
language sql as $$
  select pg_temp.as_persona('agent', format(
    'select claimed_by from claim_exai_issue(%s, %L, %s)', pg_temp.number_of(1), p_conversation, p_minutes
  ))
$$;
-- In how many minutes the claim ends that would have ended in p_left, after the statement.
create function pg_temp.minutes_after(p_persona text, p_statement text, p_left integer default 3)
returns text language plpgsql as $$
declare
  v_result text;
begin
  update exai_issues set lease_expires_at = clock_timestamp() + make_interval(mins => p_left)
  where id = pg_temp.i(1);
  v_result := pg_temp.as_persona(p_persona, format('select pg_temp.run(%L)', p_statement));
  return v_result || round(extract(epoch from lease_expires_at - clock_timestamp()) / 60)
  from exai_issues where id = pg_temp.i(1);
end;
$$;

-- the holder
select is(pg_temp.claim('conv-a'), 'conv-a', 'a conversation claims the issue');
select is(pg_temp.minutes_after('agent', w.statement), '30', w.name || ' renews the claim')
from (
  values
    ('an update', $$ insert into exai_issue_updates (issue_id, content, conversation_id)
      values (pg_temp.i(1), 'x', 'conv-a') $$),
    ('a step', $$ insert into exai_issue_checklist (issue_id, description, conversation_id)
      values (pg_temp.i(1), 'x', 'conv-a') $$),
    ('a completed step', $$ update exai_issue_checklist set status = 'complete', conversation_id = 'conv-a'
      where issue_id = pg_temp.i(1) and step_number = 1 $$),
    ('a step that is changed without a conversation', $$ update exai_issue_checklist set description = 'y'
      where issue_id = pg_temp.i(1) and step_number = 1 $$),
    ('a deleted step', $$ delete from exai_issue_checklist
      where issue_id = pg_temp.i(1) and step_number = 2 $$),
    ('insert_checklist_step',
      $$ select insert_checklist_step(pg_temp.i(1), 1, 'first', conversation_id := 'conv-a') $$),
    ('a changed field', $$ update exai_issues set root_cause = 'found' where id = pg_temp.i(1) $$),
    ('a row that is sent back', $$ update exai_issues set title = 'again', claimed_by = claimed_by,
      claim_minutes = 600, lease_expires_at = now() + interval '9 hours' where id = pg_temp.i(1) $$),
    ('a status', $$ update exai_issues set status = 'in_progress' where id = pg_temp.i(1) $$),
    ('a relation', $$ insert into exai_issue_relations values (pg_temp.i(2), pg_temp.i(1), 'parent') $$),
    ('a removed relation', $$ delete from exai_issue_relations where kind = 'parent' $$),
    ('an id in an array', $$ update exai_issues set related_issues = array[pg_temp.i(1)]
      where id = pg_temp.i(2) $$),
    ('set_exai_issue_status', $$ select set_exai_issue_status(pg_temp.number_of(1), 'open', 'conv-a') $$),
    ('update_exai_issue',
      $$ select update_exai_issue(pg_temp.number_of(1), '{"root_cause": "known"}', 'conv-a') $$),
    ('renew_exai_claims', $$ select renew_exai_claims(array[pg_temp.number_of(1)], 'conv-a') $$)
) as w (name, statement);
select is(
  pg_temp.minutes_after('agent', $$ update exai_issues set root_cause = 'z' where id = pg_temp.i(1) $$, -5),
  '30', 'a claim that has expired is renewed as long as nobody else has claimed the issue'
);
select is(
  pg_temp.minutes_after('agent', $$ insert into exai_issue_updates (issue_id, content)
    values (pg_temp.i(1), 'x') $$, 28),
  '28', 'a claim that would gain less than a tenth of its duration is not written'
);
select pg_temp.claim('conv-a', 5);
select is(
  pg_temp.minutes_after('agent', $$ insert into exai_issue_updates (issue_id, content)
    values (pg_temp.i(1), 'x') $$),
  '5', 'a claim of 5 minutes is renewed for 5 minutes'
);
select pg_temp.claim('conv-a');

-- others
select is(pg_temp.minutes_after(w.persona, w.statement), '3', w.name || ' does not renew it')
from (
  values
    ('another account', 'second', $$ insert into exai_issue_updates (issue_id, content, conversation_id)
      values (pg_temp.i(1), 'x', 'conv-a') $$),
    ('another conversation of the account', 'agent', $$ insert into exai_issue_updates
      (issue_id, content, conversation_id) values (pg_temp.i(1), 'x', 'conv-b') $$),
    ('a field that another account changes', 'second', $$ update exai_issues set root_cause = 'q'
      where id = pg_temp.i(1) $$),
    ('a server', 'service_role', $$ update exai_issues set root_cause = 'r' where id = pg_temp.i(1) $$),
    ('a write to another issue', 'agent', $$ update exai_issues set root_cause = 'r'
      where id = pg_temp.i(2) $$),
    ('an import', 'admin', $$ select import_exai_issues(jsonb_build_object('issues', jsonb_build_array(
      jsonb_build_object('id', pg_temp.i(1), 'issue_number', pg_temp.number_of(1), 'title', 'imported',
      'severity', 'low', 'category', 'other', 'status', 'open', 'created_by', 'x',
      'updates', '[]'::jsonb, 'steps', '[]'::jsonb)))) $$)
) as w (name, persona, statement);
select pg_temp.as_persona('agent', format('select release_exai_issue(%s, ''conv-a'')', pg_temp.number_of(1)));
select pg_temp.claim(null);
select is(
  pg_temp.minutes_after('agent', $$ insert into exai_issue_updates (issue_id, content, conversation_id)
    values (pg_temp.i(1), 'x', 'conv-b') $$),
  '30', 'a person who claimed without a conversation renews the claim in any'
);

select * from finish();
rollback;
