-- Who refreshes the token of a connection, what becomes of it, and what a connection says when it fails.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/connections.psql
select plan(47);

create function pg_temp.connection() returns uuid language sql as $$
  select c.id from public.platform_connections as c where c.user_id = pg_temp.account_id('a')
$$;
create function pg_temp.begin(p_secret text) returns jsonb language sql as $$
  select public.begin_token_refresh(pg_temp.connection(), pg_temp.secret_id(p_secret))
$$;
create function pg_temp.finish(p_secret text, p_fence integer, p_new text) returns text language sql as $$
  select public.finish_token_refresh(
    pg_temp.connection(), pg_temp.secret_id(p_secret), p_fence, pg_temp.secret_id(p_new),
    pg_temp.sealed(p_new), clock_timestamp() + interval '8 hours'
  )
$$;
create function pg_temp.fail(
  p_secret text, p_fence integer, p_rejection text, p_is_uncertain boolean, p_retry_after integer default 0
) returns jsonb language sql as $$
  select public.fail_token_refresh(
    pg_temp.connection(), pg_temp.secret_id(p_secret), p_fence, p_rejection, p_is_uncertain, p_retry_after
  )
$$;
create function pg_temp.expire() returns void language sql as $$
  update public.platform_connections set token_expires_at = clock_timestamp() - interval '1 second'
  where true;
$$;
create function pg_temp.end_lease() returns void language sql as $$
  update private.token_refreshes set lease_expires_at = clock_timestamp() - interval '1 second' where true;
$$;
create function pg_temp.end_pause() returns void language sql as $$
  update private.token_refreshes set next_attempt_at = clock_timestamp() - interval '1 second' where true;
$$;
create function pg_temp.state() returns text language sql as $$
  select pg_temp.state_of(pg_temp.connection())
$$;

do $$ begin perform pg_temp.store('a', 'github', '1', '1', clock_timestamp() + interval '8 hours'); end $$;

-- When

select is(pg_temp.begin('1') ->> 'outcome', 'current', 'a token with hours to go is not refreshed');
update public.platform_connections set token_expires_at = clock_timestamp() + interval '4 minutes' where true;
select is(pg_temp.begin('1') ->> 'outcome', 'refresh', 'with four minutes to go it is');
select is(pg_temp.begin('1') ->> 'outcome', 'wait', 'by one caller at a time');
select is(
  pg_temp.begin('1') - '{outcome,until,token_expires_at}'::text[],
  jsonb_build_object(
    'secret_id', pg_temp.secret_id('1'), 'user_id', pg_temp.account_id('a'), 'platform', 'github',
    'sealed', pg_temp.sealed('1')
  ), 'each answer has the present secret'
);
select ok(
  (pg_temp.begin('1') ->> 'until')::timestamptz between clock_timestamp() + interval '25 seconds'
    and clock_timestamp() + interval '31 seconds', 'for half a minute'
);

-- Stored

select is(pg_temp.finish('1', 1, '2'), 'stored', 'the holder stores what the provider returned');
select is(
  pg_temp.state(), format('connected secret:%s secret:%1$s', pg_temp.secret_id('2')),
  'both handles are those of the new secret'
);
select results_eq(
  'select id, sealed from private.secrets', $$ select pg_temp.secret_id('2'), pg_temp.sealed('2') $$,
  'the one secret is the new one'
);
select is(pg_temp.finish('1', 1, '2'), 'stored', 'repeated, it is stored');
select is(pg_temp.begin('1') ->> 'secret_id', pg_temp.secret_id('2')::text, 'those who waited read it');
select is(pg_temp.begin('1') ->> 'outcome', 'current', 'and refresh nothing');
select is(pg_temp.finish('1', 1, '3'), 'superseded', 'what comes too late is not stored');
select throws_ok(
  $$ select public.finish_token_refresh(pg_temp.connection(), pg_temp.secret_id('2'), 1, gen_random_uuid(),
    'plain', now()) $$, 'PT422', 'agents_secret_invalid', 'nor what is not sealed'
);

-- The lease ran out

do $$ begin perform pg_temp.expire(); end $$;
select is(pg_temp.begin('2') ->> 'fencing_token', '2', 'the next lease has a higher token');
do $$ begin perform pg_temp.end_lease(); end $$;
select is(pg_temp.begin('2') ->> 'fencing_token', '3', 'a lease that ran out is given to the next caller');
select is(
  pg_temp.fail('2', 2, 'refresh_rejected', false) ->> 'outcome', 'superseded',
  'whose lease it was can''t end the next one'
);
select is(pg_temp.begin('2') ->> 'outcome', 'wait', 'which goes on');
select is(
  pg_temp.finish('2', 2, '3'), 'stored', 'but tokens that follow the stored ones are stored, whoever has them'
);
select is(
  pg_temp.fail('2', 3, 'refresh_rejected', false) ->> 'outcome', 'superseded',
  'the holder of the next one, who is told that the refresh token is used, ends nothing'
);
select is(
  pg_temp.state(), format('connected secret:%s secret:%1$s', pg_temp.secret_id('3')), 'it is connected'
);

-- The provider is away

do $$ begin perform pg_temp.expire(); end $$;
select is(pg_temp.begin('3') ->> 'outcome', 'refresh', 'a refresh begins');
select is(pg_temp.fail('3', 4, null, false, 120) ->> 'outcome', 'later', 'and fails for now');
select is(pg_temp.begin('3') ->> 'outcome', 'later', 'nobody tries before its time');
select ok(
  (pg_temp.begin('3') ->> 'until')::timestamptz between clock_timestamp() + interval '110 seconds'
    and clock_timestamp() + interval '130 seconds', 'which is the provider''s'
);
do $$ begin perform pg_temp.end_pause(); end $$;
select is(pg_temp.begin('3') ->> 'outcome', 'refresh', 'then somebody does');
select is(pg_temp.fail('3', 5, null, false) ->> 'outcome', 'later', 'it fails again');
select ok(
  (pg_temp.begin('3') ->> 'until')::timestamptz > clock_timestamp() + interval '9 seconds',
  'without a time of the provider''s, the wait grows'
);
select is(
  pg_temp.state(), format('connected secret:%s secret:%1$s', pg_temp.secret_id('3')),
  'and the connection is as it was'
);

-- The refresh token is rejected

do $$ begin perform pg_temp.end_pause(); end $$;
select is(pg_temp.begin('3') ->> 'outcome', 'refresh', 'a refresh begins again');
select is(
  pg_temp.fail('3', 6, 'refresh_rejected', false),
  '{"outcome": "ended", "reason": "refresh_rejected"}'::jsonb, 'the provider does not accept the token'
);
select matches(pg_temp.state(), '^reauth_required refresh_rejected secret:', 'the connection says so');
select is(
  pg_temp.begin('3'), '{"outcome": "ended", "reason": "refresh_rejected"}'::jsonb, 'so does each later call'
);
select is_empty('select from private.usable_connections', 'it is not synced');
select is(
  pg_temp.as_persona('stranger', 'select status_reason from public.platform_connections'), 'refresh_rejected',
  'its user sees why'
);
select isnt((select invalid_at from private.secrets), null, 'the secret is marked too');

-- Interrupted: the provider may have done it

do $$ begin perform pg_temp.store('a', 'github', '4', '1', clock_timestamp()); end $$;
select is(
  pg_temp.state(), format('connected secret:%s secret:%1$s', pg_temp.secret_id('4')),
  'connected again, the row is used again'
);
select is(pg_temp.begin('4') ->> 'outcome', 'refresh', 'with a history of its own');
do $$ begin perform pg_temp.end_lease(); end $$;
select is(pg_temp.begin('4') ->> 'outcome', 'refresh', 'whoever is killed is followed by the next caller');
select is(
  pg_temp.fail('4', 8, 'refresh_rejected', false) ->> 'reason', 'refresh_interrupted',
  'who finds the token used, and reports how that came about'
);
do $$ begin perform pg_temp.store('a', 'github', '5', '1', clock_timestamp()); end $$;
select is(pg_temp.begin('5') ->> 'outcome', 'refresh', 'an exchange');
select is(pg_temp.fail('5', 9, null, true) ->> 'outcome', 'later', 'without an answer');
select is(
  public.mark_connection_rejected(pg_temp.connection(), pg_temp.secret_id('4')), false,
  'a rejection of tokens that were replaced changes nothing'
);
select is(
  public.mark_connection_rejected(pg_temp.connection(), pg_temp.secret_id('5')), true,
  'when the provider then rejects the access token'
);
select matches(pg_temp.state(), '^reauth_required refresh_interrupted', 'that is the reason too');

-- Other ends

do $$ begin perform pg_temp.store('a', 'github', '6', '1'); end $$;
do $$ begin
  perform public.mark_connection_rejected(pg_temp.connection(), pg_temp.secret_id('6'), 'token_revoked');
end $$;
select matches(
  pg_temp.state(), '^reauth_required token_revoked', 'a rejected token has the reason that is given'
);
do $$ begin perform pg_temp.store('a', 'github', '7', '1'); end $$;
update public.platform_connections set token_expires_at = clock_timestamp() - interval '1 second' where true;
select is(
  pg_temp.begin('7'), '{"outcome": "ended", "reason": "token_expired"}'::jsonb,
  'a token that expired and has no refresh token is over'
);
delete from private.secrets where true;
select is(
  pg_temp.begin('7'), '{"outcome": "ended", "reason": "secret_removed"}'::jsonb,
  'so is a connection without one'
);

select * from finish();
rollback;
