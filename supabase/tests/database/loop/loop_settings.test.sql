-- loop_settings: one row, changed by admins.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(5);

\ir ../helpers/personas.psql

select results_eq(
  $$ select id, ship_gate, ship_delay_minutes, ship_environment, reply_mode from public.loop_settings $$,
  $$ values (true, 'merge', 60, 'production', 'draft') $$, 'the defaults'
);
select is(
  pg_temp.as_persona('admin', $$ update loop_settings set id = true, ship_gate = 'delay',
    ship_delay_minutes = 5, reply_mode = 'automatic', created_at = '2020-01-01', updated_at = '2020-01-01'
    where id returning ship_gate || ship_delay_minutes || (updated_at > created_at) $$),
  'delay5true', 'an admin changes them, sending the whole row'
);
select is(
  pg_temp.as_persona('agent', $$ update loop_settings set ship_gate = 'person' where id returning id $$),
  'PT403 team_role_required', 'an agent can''t'
);
select is_empty(
  $$ select v.setting from (values ('ship_gate = ''never'''), ('reply_mode = ''maybe'''),
       ('ship_environment = '' '''), ('ship_delay_minutes = -1'), ('ship_delay_minutes = 525601')
     ) as v (setting)
     where pg_temp.as_persona('admin', format(
       'update loop_settings set %s where id returning id', v.setting
     )) !~ '^23514 ' $$,
  'a value that a setting does not have is refused'
);
select throws_ok(
  'insert into public.loop_settings default values', '23505', null, 'a second row is rejected'
);

select * from finish();
rollback;
