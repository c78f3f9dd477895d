-- Claims: one conversation under one account holds an issue until lease_expires_at.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, severity) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'high'),
  ('10000000-0000-4000-8000-000000000002', 'Two', 'low'),
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
select is(pg_temp.claim('agent', 'One', 'conv-a'), 'conv-a|t|30', 'a conversation claims an issue');
select is(pg_temp.claim('agent', 'One', 'conv-a', '60'), 'conv-a|t|60', 'and extends the claim');
select is(pg_temp.claim('agent', 'One', 'conv-b'), 'PT409 exai_claim_conflict',
  'another conversation is rejected');
select is(
  pg_temp.claim('second', 'One', 'conv-a'), 'PT409 exai_claim_conflict',
  'so is the same conversation id under another account'
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
  'the error contains the holder and the end');
update exai_issues set lease_expires_at = now() - interval '1 second' where title = 'One';
select is(pg_temp.claim('second', 'One', null), 'second|t|30',
  'an expired claim is replaced; without a conversation the holder is a name');
select is(
  pg_temp.as_persona('agent', format('select release_exai_issue(%s, ''conv-b'')', pg_temp.number_of('One'))),
  'false', 'a conversation cannot release the claim of another'
);
select is(
  pg_temp.as_persona('second', format('select release_exai_issue(%s)', pg_temp.number_of('One'))), 'true',
  'but its own'
);
select is(pg_temp.as_persona('agent', 'select release_exai_issue(99999999)'), 'PT404 exai_issue_unknown',
  'an issue that does not exist has no claim to release');
select is(pg_temp.claim('agent', 'One', 'conv-a', '0'), 'PT422 exai_claim_minutes_invalid', '0 minutes');
select is(pg_temp.claim('agent', 'One', 'conv-a', '1441'), 'PT422 exai_claim_minutes_invalid',
  'more than 1440 minutes');
select is(pg_temp.claim('viewer', 'One', 'conv-a'), 'PT403 team_role_required', 'viewers cannot claim');
select is(
  pg_temp.as_persona('agent', 'select claim_exai_issue(99999999)'), 'PT404 exai_issue_unknown',
  'an unknown issue'
);
create function pg_temp.next(p_conversation text) returns text language sql as $$
  select pg_temp.as_persona('agent', format('select title from next_exai_issue(%L)', p_conversation))
$$;
select is(
  concat_ws(',', pg_temp.next('a'), pg_temp.next('b'), coalesce(pg_temp.next('c'), 'none')), 'One,Two,none',
  'next_exai_issue returns the first ready issue without a claim'
);
update exai_issues set status = 'fixed' where title = 'Two';
select is((select claimed_by from exai_issues where title = 'Two'), null,
  'a fixed issue loses its claim');
select is(pg_temp.next('c'), 'Three', 'and unblocks the issues that waited for it');
select is(pg_temp.claim('agent', 'Two', 'conv-a'), 'PT409 exai_status_conflict',
  'an issue that is not active cannot be claimed');
select is(
  pg_temp.as_persona('admin', format('select release_exai_issue(%s)', pg_temp.number_of('Three'))), 'true',
  'an admin releases any claim'
);
select is(
  (
    select string_agg(concat_ws(' ', content, conversation_id), ' ' order by created_at)
    from exai_issue_updates where issue_id = '10000000-0000-4000-8000-000000000001'
  ), 'Claimed. conv-a Claimed. a', 'the history records the conversations that claimed the issue, once each'
);

select * from finish();
rollback;
