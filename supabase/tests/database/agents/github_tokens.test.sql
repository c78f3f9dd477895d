-- users.github_token is a handle: who may set, clear and read it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
select plan(50);

-- All fields of the error of an update or insert.
create function pg_temp.said(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_state text;
  v_message text;
  v_detail text;
  v_hint text;
  v_context text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement using 'ghp_plainplainplainplainplain';
  perform set_config('role', 'none', true);
  return 'accepted';
exception
  when sqlstate 'PT422' or insufficient_privilege or integrity_constraint_violation then
    get stacked diagnostics
      v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail,
      v_hint = pg_exception_hint, v_context = pg_exception_context;
    return concat_ws(' | ', v_state, v_message, v_detail, v_hint, v_context);
end;
$$;
-- In the format of what the edge function seals; the database can't see the difference.
create function pg_temp.sealed(p_key text, p_text text) returns text language sql as $$
  select format('v1.%s.AAECAwQFBgcICQoL.%s', p_key, rpad(p_text, 24, 'x'))
$$;
create function pg_temp.handle(p_user_id text) returns text language sql as $$
  select github_token from public.users where id = p_user_id::uuid
$$;

-- Plain text

select matches(
  pg_temp.said('stranger', format('update public.users set github_token = $1 where %s', w)),
  '^PT422 \| agents_github_token_forbidden \|.*POST.*github-token', 'a plain token is rejected: ' || w
) from unnest(array['id = ''00000000-0000-4000-8000-00000000000a''', 'true']) as w;
select unalike(
  pg_temp.said('stranger', s), '%ghp_plain%', 'and no field of the error contains it: ' || s
) from unnest(array[
  'update public.users set github_token = $1 where true',
  'update public.users set github_token = $1, full_name = repeat(''x'', 201) where true',
  'update public.users set github_token = $1, id = gen_random_uuid() where true',
  'update public.users set github_token = $1, created_at = ''infinity'' where true',
  'insert into public.users (id, github_token) values (''00000000-0000-4000-8000-00000000000a'', $1)',
  'insert into public.users (id, github_token, full_name) values (gen_random_uuid(), $1, repeat(''x'', 201))',
  'insert into public.users (id, github_token) values (null, $1)',
  'insert into public.users (id, github_token) values (''00000000-0000-4000-8000-00000000000a'', $1)
     on conflict on constraint users_pkey do update set github_token = excluded.github_token'
]) as s;
select matches(
  pg_temp.said('service_role', 'update public.users set github_token = $1 where true'),
  'agents_github_token_forbidden', 'also from servers'
);
select is(
  pg_temp.as_persona('stranger', 'update public.users set github_token = '''' where true'),
  'PT422 agents_github_token_forbidden', 'an empty text is not a handle'
);

-- Setting one

select is(
  pg_temp.as_persona('service_role', format(
    'select public.set_github_token(''00000000-0000-4000-8000-00000000000a'',
      ''a0000000-0000-4000-8000-000000000001'', %L, %L) - ''checked_at''',
    pg_temp.sealed('k1', 'one'), '{"login": "octocat", "scopes": ["repo"], "expires_at": null}'))::jsonb,
  '{"is_set": true, "login": "octocat", "scopes": ["repo"], "expires_at": null, "invalid_at": null}',
  'a sealed token is stored'
);
select is(
  (select (github_token, github_username)::text from public.users
   where id = '00000000-0000-4000-8000-00000000000a'),
  '(secret:a0000000-0000-4000-8000-000000000001,octocat)', 'the user has its handle and its login'
);
select is((select key_id from private.secrets), 'k1', 'the row has the id of its master key');
select is(
  pg_temp.as_persona('stranger', 'select public.github_token_status() ->> ''login'''), 'octocat',
  'its user sees its login'
);
select is(
  pg_temp.as_persona('viewer', 'select public.github_token_status() - ''checked_at''')::jsonb,
  '{"is_set": false, "login": null, "scopes": null, "expires_at": null, "invalid_at": null}',
  'somebody else sees the status of their own'
);
select is(
  pg_temp.as_persona('service_role', 'select public.set_github_token(gen_random_uuid(), gen_random_uuid(), '
    || quote_literal(pg_temp.sealed('k1', 'one')) || ')'),
  'PT404 agents_user_unknown', 'the user has to exist'
);
select is(
  pg_temp.as_persona('service_role', 'select public.set_github_token(
    ''00000000-0000-4000-8000-00000000000b'', gen_random_uuid(), ' || quote_literal(s) || ')'),
  'PT422 agents_secret_invalid', 'what is not sealed is not stored: ' || s
) from unnest(array[
  'ghp_plain', '', 'v1.k1.AAECAwQFBgcICQoL', 'v1.k1.AAECAwQFBgcICQoL.short',
  'v2.k1.AAECAwQFBgcICQoL.' || repeat('a', 30), 'v1.k1.AAECAwQFBgcICQoL.' || repeat('a', 20000)
]) as s;
select unalike(
  pg_temp.said('postgres', 'insert into private.secrets (id, user_id, kind, sealed)
    values (null, ''00000000-0000-4000-8000-00000000000b'', ''nonsense'', $1)'),
  '%ghp_plain%', 'an operator''s mistake is not logged'
);

-- Handles

select is(
  pg_temp.as_persona('stranger', 'update public.users set github_token = github_token, full_name = ''S''
    where true returning github_token'),
  'secret:a0000000-0000-4000-8000-000000000001', 'a client that sends its row back keeps the token'
);
select is(
  pg_temp.as_persona('stranger', 'insert into public.users (id, github_token, full_name)
    select id, github_token, ''Upserted'' from public.users
    on conflict on constraint users_pkey do update set github_token = excluded.github_token,
      full_name = excluded.full_name returning github_token'),
  'secret:a0000000-0000-4000-8000-000000000001', 'one that upserts it too'
);
select is(
  pg_temp.as_persona('viewer', 'update public.users
    set github_token = ''secret:a0000000-0000-4000-8000-000000000001'' where true'),
  'PT422 agents_github_token_forbidden', 'somebody else''s handle is rejected'
);
select is(
  pg_temp.as_persona('stranger', 'update public.users
    set github_token = ''secret:a0000000-0000-4000-8000-000000000009'' where true'),
  'PT422 agents_github_token_forbidden', 'a made-up handle is rejected'
);
select is(
  pg_temp.as_persona('service_role', format(
    'select public.set_github_token(''00000000-0000-4000-8000-00000000000a'',
      ''a0000000-0000-4000-8000-000000000002'', %L)', pg_temp.sealed('k1', 'two')))::jsonb ->> 'login',
  null, 'a second token replaces the first, with metadata of its own'
);
select is(
  (select array_agg(id::text || ' ' || (metadata = '{}')) from private.secrets),
  array['a0000000-0000-4000-8000-000000000002 true'], 'which is deleted'
);
select is(
  pg_temp.handle('00000000-0000-4000-8000-00000000000a'), 'secret:a0000000-0000-4000-8000-000000000002',
  'the handle is the new one'
);
select is(
  pg_temp.as_persona('service_role', 'select public.mark_secret_checked(
    ''a0000000-0000-4000-8000-000000000001'', false)'),
  'false', 'a check of the first does not change the second'
);
select is(
  pg_temp.as_persona('service_role', 'select public.mark_secret_checked(
    ''a0000000-0000-4000-8000-000000000002'', false)'),
  'true', 'GitHub rejects the second'
);
select isnt(
  pg_temp.as_persona('stranger', 'select public.github_token_status() ->> ''invalid_at'''), null,
  'which its user sees'
);
select lives_ok(
  $$ select public.mark_secret_checked('a0000000-0000-4000-8000-000000000002', true, '{"login": "cat"}') $$,
  'GitHub accepts it again'
);
select is(
  pg_temp.as_persona('stranger', 'select concat_ws('','', s ->> ''login'', s ->> ''invalid_at'')
    from public.github_token_status() as s'),
  'cat', 'and its user sees that too'
);

-- Removing it

select is(
  pg_temp.as_persona('stranger', 'update public.users set github_token = null where true returning ''gone'''),
  'gone', 'its user clears the handle'
);
select is_empty('select from private.secrets', 'and the token is deleted with it');
select lives_ok(format(
  $$ select public.set_github_token(u, gen_random_uuid(), %L) from unnest(array[
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'
  ]::uuid[]) as u $$, pg_temp.sealed('k1', 'three')
), 'two users have a token');
delete from private.secrets where user_id = '00000000-0000-4000-8000-00000000000a';
select is(
  pg_temp.handle('00000000-0000-4000-8000-00000000000a'), null, 'deleting a secret clears the handle'
);
delete from auth.users where id = '00000000-0000-4000-8000-00000000000b';
select is_empty('select from private.secrets', 'deleting an account deletes its token');

-- How often GitHub is asked

create function pg_temp.count_check() returns integer language sql as $$
  select public.count_token_check('00000000-0000-4000-8000-00000000000a', 'github_token')
$$;
select is(sum(pg_temp.count_check()), 0::bigint, 'ten times in ten minutes per user')
from generate_series(1, 10);
select ok(pg_temp.count_check() between 590 and 600, 'then it returns how long to wait');
select is(
  public.count_token_check('00000000-0000-4000-8000-00000000000d', 'github_token'), 0, 'others need not wait'
);
select throws_ok(
  $$ select public.count_token_check('00000000-0000-4000-8000-00000000000b', 'github_token') $$, 'PT404',
  'agents_user_unknown', 'a deleted account can''t ask'
);
update private.token_checks set counted_since = clock_timestamp() - interval '9 minutes 30 seconds'
where user_id = '00000000-0000-4000-8000-00000000000a';
select ok(pg_temp.count_check() between 1 and 30, 'the wait decreases');
update private.token_checks set counted_since = clock_timestamp() - interval '10 minutes'
where user_id = '00000000-0000-4000-8000-00000000000a';
select is(sum(pg_temp.count_check()), 0::bigint, 'after ten minutes again ten times')
from generate_series(1, 10);
select ok(pg_temp.count_check() between 590 and 600, 'and no more');
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is_empty(
  $$ select from private.token_checks where user_id = '00000000-0000-4000-8000-00000000000a' $$,
  'deleting an account deletes its count'
);

select * from finish();
rollback;
