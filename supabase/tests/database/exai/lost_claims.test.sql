-- Who lost a claim is told so, and who ends the claim of somebody else is told whose it was.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);

\ir ../helpers/personas.psql

insert into exai_issues (id, title) select ('10000000-0000-4000-8000-00000000000' || n)::uuid, n::text
from generate_series(1, 2) as n;
insert into exai_issue_checklist (issue_id, description, conversation_id)
select id, 'Step', 'conv-a' from exai_issues;
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
grant execute on function pg_temp.i to authenticated;
create function pg_temp.number_of(p_number integer) returns integer language sql as $$
  select issue_number from exai_issues where id = pg_temp.i(p_number)
$$;
create function pg_temp.claim(p_persona text, p_conversation text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select claimed_by from claim_exai_issue(%s, %L)', pg_temp.number_of(1), p_conversation
  ))
$$;
create function pg_temp.expire() returns void language sql as $$
  update exai_issues set lease_expires_at = clock_timestamp() - interval '1 second' where id = pg_temp.i(1)
$$;
-- status, holder, whether it has not expired, whether a claim was lost
create function pg_temp.claim_of(p_persona text, p_conversation text, p_number integer default 1)
returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select concat_ws(''|'', status, claimed_by, lease_expires_at > now(), lost_at is not null)
     from renew_exai_claims(array[%s], %L)', pg_temp.number_of(p_number), p_conversation
  ))
$$;
create function pg_temp.set_status(p_persona text, p_status text, p_conversation text) returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select status from set_exai_issue_status(%s, %L, %L)', pg_temp.number_of(1), p_status, p_conversation
  ))
$$;

-- a claim that expires and passes to another conversation
select pg_temp.claim('agent', 'conv-a'), pg_temp.expire(), pg_temp.claim('second', 'conv-b');
select is(pg_temp.claim_of('agent', 'conv-a'), 'lost|conv-b|t|t',
  'the first has lost its claim to the second');
select is(pg_temp.claim_of('second', 'conv-b'), 'held|conv-b|t|f', 'which holds it');
select is(pg_temp.claim_of('agent', 'conv-c'), 'other|conv-b|t|f', 'a third never had it');
select is(pg_temp.claim_of('second', 'conv-a'), 'other|conv-b|t|f', 'nor did another account');
select is(pg_temp.claim_of('agent', 'conv-a', 2), 'none|f', 'another issue has no claim');
select is(pg_temp.as_persona('agent', w.statement), 'PT409 exai_claim_conflict', w.name || ' is rejected')
from (
  values
    ('a new step', $$ insert into exai_issue_checklist (issue_id, description, conversation_id)
      values (pg_temp.i(1), 'x', 'conv-a') returning 1 $$),
    ('a completed step', $$ update exai_issue_checklist set status = 'complete', conversation_id = 'conv-a'
      where issue_id = pg_temp.i(1) returning 1 $$),
    ('a status', format('select set_exai_issue_status(%s, ''fixed'', ''conv-a'')', pg_temp.number_of(1))),
    ('a changed field', format(
      $$ select update_exai_issue(%s, '{"root_cause": "x"}', 'conv-a') $$, pg_temp.number_of(1)
    )),
    ('a status in the table', $$ update exai_issues set status = 'fixed', fix_conversation_id = 'conv-a'
      where id = pg_temp.i(1) returning 1 $$)
) as w (name, statement);
select is(
  (
    select count(*) || i.status from exai_issue_checklist as c
    where c.issue_id = i.id and c.status = 'pending'
  ), '1open', 'and changes nothing'
) from exai_issues as i where i.id = pg_temp.i(1);
create function pg_temp.detail_of(p_statement text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute p_statement;
  return 'accepted';
exception
  when sqlstate 'PT409' then
    get stacked diagnostics v_detail = pg_exception_detail;
    return v_detail;
end;
$$;
grant execute on function pg_temp.detail_of to authenticated;
select matches(
  pg_temp.as_persona('agent', format('select pg_temp.detail_of(%L)', format(
    'select set_exai_issue_status(%s, ''fixed'', ''conv-a'')', pg_temp.number_of(1)
  ))),
  '^You lost the claim on issue #\d+, which conv-b has claimed until 20.*Z\.$',
  'the error contains who holds it, and until when'
);
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issue_updates (issue_id, content, conversation_id)
    values (pg_temp.i(1), 'what I found', 'conv-a') returning content $$),
  'what I found', 'an update may still be added'
);
select is(
  pg_temp.as_persona('agent', $$ update exai_issue_checklist set status = 'complete',
    conversation_id = 'conv-c' where issue_id = pg_temp.i(1) returning status $$),
  'complete', 'who never had the claim may write'
);
select pg_temp.expire();
select is(
  pg_temp.as_persona('agent', $$ update exai_issue_checklist set status = 'pending',
    conversation_id = 'conv-a' where issue_id = pg_temp.i(1) returning status $$),
  'pending', 'nobody is held up by a claim that has expired'
);
select is(pg_temp.claim_of('agent', 'conv-a'), 'lost|t', 'but is still told that the claim was lost');
select is(
  pg_temp.claim('agent', 'conv-a') || ' ' || pg_temp.claim_of('agent', 'conv-a'), 'conv-a held|conv-a|t|f',
  'until it claims the issue again'
);
select is(pg_temp.claim_of('second', 'conv-b'), 'lost|conv-a|t|t', 'and the other one has lost its claim');

-- a claim that ends
create function pg_temp.last_status() returns text language sql as $$
  select content from exai_issue_updates where issue_id = pg_temp.i(1) and update_type = 'status_change'
  order by created_at desc, id desc limit 1
$$;
select pg_temp.set_status('agent', 'fixed', 'conv-a');
select is(pg_temp.last_status(), 'open → fixed', 'the holder ends their own claim');
select is(pg_temp.claim_of('agent', 'conv-a'), 'none|f', 'and has not lost it');
update exai_issues set status = 'open' where id = pg_temp.i(1);
select pg_temp.claim('agent', 'conv-a'), pg_temp.set_status('second', 'in_progress', 'conv-d');
select is(pg_temp.last_status(), 'open → in_progress', 'an issue that stays active keeps its claim');
select pg_temp.as_persona('second', $$ update exai_issues set status = 'closed'
  where id = pg_temp.i(1) returning 1 $$);
select is(
  pg_temp.last_status(), 'in_progress → closed, ends the claim of conv-a',
  'the history contains whose claim a status ended'
);
select is(pg_temp.claim_of('agent', 'conv-a'), 'lost|t', 'which has lost it');
update exai_issues set status = 'open' where id = pg_temp.i(1);
select pg_temp.claim('agent', 'conv-a'),
  pg_temp.as_persona('admin', format('select release_exai_issue(%s)', pg_temp.number_of(1)));
select is(pg_temp.claim_of('agent', 'conv-a'), 'lost|t', 'so has who held the claim that an admin released');
select pg_temp.claim('agent', 'conv-a'),
  pg_temp.as_persona('agent', format('select release_exai_issue(%s, ''conv-a'')', pg_temp.number_of(1)));
select is(pg_temp.claim_of('agent', 'conv-a'), 'none|f', 'but not who released it');
select pg_temp.claim('agent', 'conv-a'), pg_temp.expire();
update exai_issues set status = 'closed' where id = pg_temp.i(1);
select is(pg_temp.last_status(), 'open → closed', 'a claim that has expired is not mentioned');
insert into private.exai_lost_claims (issue_id, claimed_by, lost_at)
select pg_temp.i(1), 'old ' || n, '2026-01-01'::timestamptz + n * interval '1 day'
from generate_series(1, 50) as n;
update exai_issues set status = 'open' where id = pg_temp.i(1);
select pg_temp.claim('agent', 'conv-x'), pg_temp.set_status('second', 'closed', 'conv-y');
select is(
  (select count(*) || ' ' || count(*) filter (where claimed_by like 'conv-%') from private.exai_lost_claims),
  '20 3', 'the newest 20 of an issue are kept'
);
select is(
  pg_temp.claim_of('viewer', 'conv-a'), 'PT403 team_role_required', 'viewers have no claims'
);

select * from finish();
rollback;
