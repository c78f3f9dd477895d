-- Who works on an issue: one conversation under one account, until a time.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(17);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, severity) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'high'), ('10000000-0000-4000-8000-000000000002', 'Two',
    'low'),
  ('10000000-0000-4000-8000-000000000003', 'Three', 'critical');
insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
values ('10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000003', 'blocks');
create function pg_temp.number_of(p_title text) returns integer language sql as $$
  select issue_number from exai_issues where title = p_title
$$;
create function pg_temp.claim(p_persona text, p_title text, p_conversation text, p_minutes text default '30')
returns text language sql as $$
  select pg_temp.as_persona(p_persona,
    format('select concat_ws(''|'', claimed_by, claimed_by_user_id is not null,
    round(extract(epoch from lease_expires_at - claimed_at) / 60)) from claim_exai_issue(%s, %L, %s)',
    pg_temp.number_of(p_title), p_conversation, p_minutes))
$$;
select is(pg_temp.claim('agent', 'One', 'conv-a'), 'conv-a|t|30', 'a conversation claims it');
select is(pg_temp.claim('agent', 'One', 'conv-a', '60'), 'conv-a|t|60', 'and again, for longer');
select is(pg_temp.claim('agent', 'One', 'conv-b'), 'PT409 exai_claim_conflict', 'another one can''t');
select is(
  pg_temp.claim('second', 'One', 'conv-a'), 'PT409 exai_claim_conflict',
    'nor the same name under another account'
);
do $$
declare
  v_detail text;
begin
  perform claim_exai_issue(pg_temp.number_of('One'), 'conv-b');
exception
  when sqlstate 'PT409' then
    get stacked diagnostics v_detail = pg_exception_detail;
    perform set_config('test.detail', v_detail, true);
end;
$$;
select alike(current_setting('test.detail'), 'Issue #% is claimed by conv-a until 20__-__-__T__:__:__Z.',
  'it says by whom');
update exai_issues set lease_expires_at = now() - interval '1 second' where title = 'One';
select is(pg_temp.claim('second', 'One', null), 'second|t|30',
  'one that has run out is free; without a conversation, a name');
select is(
  pg_temp.as_persona('agent', format('select release_exai_issue(%s, %L)', pg_temp.number_of('One'),
    'conv-b')),
  'false', 'nobody releases another one''s'
);
select is(
  pg_temp.as_persona('second', format('select release_exai_issue(%s)', pg_temp.number_of('One'))), 'true',
  'but their own'
);
select is(pg_temp.claim('agent', 'One', 'conv-a', '0'), 'PT422 exai_claim_minutes_invalid', 'for no time');
select is(pg_temp.claim('agent', 'One', 'conv-a', '1441'), 'PT422 exai_claim_minutes_invalid',
  'for too long');
select is(pg_temp.claim('viewer', 'One', 'conv-a'), 'PT403 team_role_required', 'viewers claim nothing');
select is(
  pg_temp.as_persona('agent', 'select claim_exai_issue(99999999)'), 'PT404 exai_issue_unknown',
    'what is not there'
);
create function pg_temp.next(p_conversation text) returns text language sql as $$
  select pg_temp.as_persona('agent', format('select title from next_exai_issue(%L)', p_conversation))
$$;
select is(
  concat_ws(',', pg_temp.next('a'), pg_temp.next('b'), coalesce(pg_temp.next('c'), 'none')), 'One,Two,none',
  'the next is the first that is ready and free'
);
update exai_issues set status = 'fixed' where title = 'Two';
select is((select claimed_by from exai_issues where title = 'Two'), null,
  'what is fixed is claimed by nobody');
select is(pg_temp.next('c'), 'Three', 'and lets go of what it blocked');
select is(pg_temp.claim('agent', 'Two', 'conv-a'), 'PT409 exai_status_conflict', 'nothing to be done there');
select is(
  pg_temp.as_persona('admin', format('select release_exai_issue(%s)', pg_temp.number_of('Three'))), 'true',
  'an admin releases anybody''s'
);

select * from finish();
rollback;
