-- The bot's token: made by one caller at a time, sealed, and made again when Circle rejects it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(22);
update public.circle_sync_settings set bot_email = null, bot_member_id = null where id;
update private.circle_tokens set
  id = null, sealed = null, bot = null, member_id = null, access_expires_at = null, refresh_expires_at = null,
  rejected_at = null, lease_expires_at = null, failures_count = 0, next_attempt_at = null, error = null
where is_bot;

create function pg_temp.begin(p_rejected uuid default null) returns jsonb language sql as $$
  select public.begin_circle_token(p_rejected)
$$;
create function pg_temp.fence() returns bigint language sql as $$
  select t.fencing_token from private.circle_tokens as t
$$;
create function pg_temp.token(p_number integer, p_for interval default '1 hour') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', format('00000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0')),
    'sealed', 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA', 'bot', 'bot@example.org', 'member_id', 99,
    'access_expires_at', clock_timestamp() + p_for,
    'refresh_expires_at', clock_timestamp() + interval '30 days'
  )
$$;
create function pg_temp.age(p_interval interval) returns void language sql as $$
  update private.circle_tokens set access_expires_at = clock_timestamp() + p_interval where is_bot
$$;

select is(pg_temp.begin(), '{"state": "off"}', 'without a bot there is no token');
update public.circle_sync_settings set bot_email = 'Bot@example.org' where id;
select is(
  pg_temp.begin() - 'fencing_token', '{
    "state": "make", "id": null, "sealed": null, "bot": "bot@example.org", "bot_email": "Bot@example.org",
    "bot_member_id": null
  }', 'the first caller makes one'
);
select ok(
  (b.answer ->> 'state', b.answer ->> 'is_running') = ('wait', 'true'), 'the others wait'
) from pg_temp.begin() as b (answer);
select throws_ok(
  $$ select public.finish_circle_token(pg_temp.fence(), pg_temp.token(1) || '{"sealed": "plain"}') $$,
  'PT422', 'agents_secret_invalid', 'it is stored sealed alone'
);
select is(
  public.finish_circle_token(pg_temp.fence() - 1, pg_temp.token(1)), false, 'by who has the lease'
);
select is(public.finish_circle_token(pg_temp.fence(), pg_temp.token(1)), true, 'then it is there');
select is(public.finish_circle_token(pg_temp.fence(), pg_temp.token(2)), false, 'once');
select is(pg_temp.begin() ->> 'state', 'ready', 'for everybody');
select is(private.circle_bot_member_id(), 99::bigint, 'Circle has told who the bot is');

select pg_temp.age('3 minutes');
select is(pg_temp.begin() ->> 'state', 'make', 'one caller refreshes it before its time');
select is(pg_temp.begin() ->> 'state', 'ready', 'while the others use it');
select ok(public.fail_circle_token(pg_temp.fence(), '503') > now() + interval '5 seconds', 'a failure waits');
select is(pg_temp.begin() ->> 'state', 'ready', 'with what is left');
select pg_temp.age('0 minutes');
select ok(
  (b.answer ->> 'state', b.answer ->> 'is_running', b.answer ->> 'error') = ('wait', 'false', '503'),
  'for all, once that is over, and are told why'
) from pg_temp.begin() as b (answer);
update private.circle_tokens set next_attempt_at = null where is_bot;
select is(pg_temp.begin() ->> 'id', null, 'after a failure a pair is minted');
select public.finish_circle_token(pg_temp.fence(), pg_temp.token(3));

select is(
  pg_temp.begin('00000000-0000-4000-8000-000000000001') ->> 'state', 'ready',
  'a token that was replaced can''t be rejected'
);
select is(
  pg_temp.begin('00000000-0000-4000-8000-000000000003') ->> 'id', '00000000-0000-4000-8000-000000000003',
  'the present one is refreshed when it is'
);
select is(
  public.fail_circle_token(pg_temp.fence(), 'refresh_rejected') <= clock_timestamp(), true,
  'a refresh that Circle rejects'
);
select is(pg_temp.begin() ->> 'id', null, 'is followed by minting one immediately');
select public.finish_circle_token(pg_temp.fence(), pg_temp.token(4));
update public.circle_sync_settings set bot_member_id = 100 where id;
select is(pg_temp.begin() ->> 'id', null, 'another bot has another token');
select is(private.circle_bot_member_id(), 100::bigint, 'and another id');
select is(
  public.fail_circle_token(pg_temp.fence() - 1, 'x'), null, 'a lease that is another''s is not ended'
);
select * from finish();
rollback;
