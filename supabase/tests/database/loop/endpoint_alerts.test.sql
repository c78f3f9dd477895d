-- An endpoint that fails or is switched off is seen by its owner and the team, also where it is the only one.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

\ir ../helpers/personas.psql

delete from public.webhook_endpoints;
insert into public.webhook_endpoints (id, name, url, created_by_user_id) values (
  '0b000000-0000-4000-8000-000000000001', 'Only', 'https://example.org/secret-path',
  '00000000-0000-4000-8000-00000000000d'
);
create function pg_temp.alerts(p_persona text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, $q$
    select coalesce(string_agg(concat_ws(' ', a.name, a.state, a.reason), ', '), '-')
    from public.loop_endpoint_alerts as a
  $q$)
$$;
create function pg_temp.attempt(p_error text, p_status_code integer) returns text language sql as $$
  insert into public.deliveries (channel, kind, endpoint_id, dedupe_key)
  values ('webhook', 'event', '0b000000-0000-4000-8000-000000000001', gen_random_uuid()::text);
  select string_agg(
    public.fail_delivery(c.id, c.fencing_token, p_error, p_status_code, null, true, p_status_code = 410), ' '
  )
  from public.claim_deliveries('webhook') as c;
$$;

select is(pg_temp.alerts('viewer'), '-', 'while it works nobody has to look');
select pg_temp.attempt('status_500', 500);
select is(pg_temp.alerts('viewer'), '-', 'nor after one failure');
update public.webhook_endpoints set failing_since = now() - interval '2 hours';
select is(pg_temp.alerts('viewer'), 'Only failing failing', 'after an hour of them the team sees it');
select pg_temp.attempt('status_410', 410);
select is(pg_temp.alerts('viewer'), 'Only off gone', 'and that it is off, with the reason');
select is((select a.owner from public.loop_endpoint_alerts as a), 'Adam Admin', 'and who owns it');
select is(pg_temp.alerts('stranger'), '-', 'others see nothing');
select is(
  (select count(*)::integer from public.loop_endpoint_alerts as a where a::text like '%secret-path%'), 0,
  'its address is not shown'
);
update public.webhook_endpoints set is_active = true;
select is(pg_temp.alerts('admin'), '-', 'switched on again it is done');
update public.webhook_endpoints set is_active = false;
select is(pg_temp.alerts('admin'), '-', 'nor has anybody to look at what a person has switched off');

select * from finish();
rollback;
