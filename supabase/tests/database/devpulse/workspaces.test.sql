-- Workspaces: creating them, their slugs, and who may change them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(60);
\ir ../helpers/workspaces.psql

-- Created by an insert or by the function: the owner is a member

select is(pg_temp.by('olga', $$ insert into public.workspaces (name, slug, owner_id)
  values ('Acme', 'acme', auth.uid()) returning slug $$), 'acme', 'an insert with what the document names');
select is(pg_temp.members('acme'), 'olga of olga:owner', 'makes the owner a member');
select is(pg_temp.by('olga', $$ insert into public.workspaces (name) values ('  Bäckerei & Söhne ')
  returning name || ' ' || slug $$), 'Bäckerei & Söhne backerei-sohne', 'owner and slug may be left out');
select is(pg_temp.by('olga', $$ select (public.create_workspace('Bäckerei & Söhne')).slug $$),
  'backerei-sohne', 'a call with the same name is the same one, sent again');
select alike(pg_temp.by('mary', $$ select (public.create_workspace('Bäckerei & Söhne')).slug $$),
  'backerei-sohne-__________', 'somebody else''s has another slug');
select is(pg_temp.by('mary', $$ select (w).slug || ' ' || (w).description
  from public.create_workspace('Lab', 'the-lab', 'Tests') as w $$), 'the-lab Tests', 'with all arguments');
select is(pg_temp.by('mary', $$ select (public.create_workspace('Lab', 'the-lab', 'Tests')).slug $$),
  'the-lab', 'sent again');
select is((select count(*) from public.workspaces as w join public.workspace_members as m
  on m.workspace_id = w.id and m.user_id = w.owner_id and m.role = 'owner'), 4::bigint,
  'four workspaces, and each has its owner as a member');
update public.workspaces set created_at = created_at;
select is(pg_temp.by(p, $$ select public.create_workspace('X') $$), w, 'create_workspace by ' || p)
from (values
  ('anon', '42501 permission denied for function create_workspace'),
  ('service_role', '42501 permission denied for function create_workspace')) as v (p, w);
select is(pg_temp.by('olga', format($$ insert into public.workspaces (name, slug, owner_id)
  values ('X', 'x', %L) $$, pg_temp.id('mary'))),
  '42501 new row violates row-level security policy for table "workspaces"',
  'nobody creates one for another');

-- Slugs

select is(private.build_slug(n), s, 'the slug of ' || n)
from (values
  ('Acme', 'acme'), ('  A -- b_c!  ', 'a-b-c'), ('Łódź Øresund', 'lodz-oresund'), ('株式会社', 'workspace'),
  ('!!!', 'workspace'), (repeat('ab ', 100), btrim(repeat('ab-', 17), '-')),
  (repeat('x', 300), repeat('x', 50))) as v (n, s);
select is(pg_temp.by('olga', format($$ insert into public.workspaces (name, slug) values ('S', %L) $$, s)),
  'PT422 devpulse_workspace_slug_invalid', 'not a slug: ' || s)
from unnest(array['Acme', '-a', 'a-', 'a b', 'ä', repeat('a', 64), 'a/b', 'a.b']) as s;
select is(pg_temp.by('olga', $$
  insert into public.workspaces (name, slug) values ('S', 'a') returning slug
$$), 'a', 'one character is one');
select is(pg_temp.by('mary', $$ insert into public.workspaces (name, slug) values ('S', 'acme') $$),
  'PT409 devpulse_workspace_slug_conflict', 'a taken slug, by an insert');
select is(pg_temp.by('mary', $$ insert into public.workspaces (name, slug) values ('S', 'acme')
  on conflict (slug) do update set name = excluded.name $$),
  'PT409 devpulse_workspace_slug_conflict', 'by an upsert');
select is(pg_temp.by('mary', $$ select public.create_workspace('Acme', 'acme') $$),
  'PT409 devpulse_workspace_slug_conflict', 'by the function');
select is(pg_temp.by('mary', $$ update public.workspaces set slug = 'acme' where slug = 'the-lab' $$),
  'PT409 devpulse_workspace_slug_conflict', 'by an update');
select is(pg_temp.by('olga', $$ select public.create_workspace('Other', 'acme') $$),
  'PT409 devpulse_workspace_slug_conflict', 'and by its own owner');
select is(pg_temp.by('olga', $$ insert into public.workspaces (name, slug, owner_id)
  values ('Acme Inc', 'acme', auth.uid()) on conflict (slug) do update
  set name = excluded.name, slug = excluded.slug, owner_id = excluded.owner_id returning name $$),
  'Acme Inc', 'the owner upserts by the slug');
select is(pg_temp.by('olga', format($$ insert into public.workspaces (id, name, slug, owner_id)
  values (%L, 'Acme', null, auth.uid()) on conflict (id) do update
  set name = excluded.name, slug = excluded.slug, owner_id = excluded.owner_id returning slug $$,
  pg_temp.workspace('acme'))), 'acme', 'an upsert without a slug keeps it');
select is(pg_temp.by('olga', $$ insert into public.workspaces (name, slug)
  values (E'\u200b \u3000', 'blank') $$), 'PT422 devpulse_workspace_invalid', 'a blank name');
select is(pg_temp.by('olga', $$ update public.workspaces set name = repeat('x', 201) where slug = 'acme' $$),
  'PT422 devpulse_workspace_invalid', 'a long name');
select is(pg_temp.by('olga', $$ select public.create_workspace(null) $$),
  'PT422 devpulse_workspace_invalid', 'no name');

-- An upsert with somebody else's id reveals and changes nothing

select is(pg_temp.by('mary', format($$ insert into public.workspaces (id, name, slug, owner_id)
  values (%L, 'Mine', null, auth.uid()) on conflict (id) do update set name = excluded.name,
  slug = excluded.slug, owner_id = excluded.owner_id $$, pg_temp.workspace('acme'))),
  '42501 new row violates row-level security policy (USING expression) for table "workspaces"',
  'an upsert of another''s workspace');

-- Who changes and deletes one

insert into public.workspace_members (workspace_id, user_id, role)
select pg_temp.workspace('acme'), pg_temp.id(n), r
from (values ('owen', 'owner'), ('adam', 'admin'), ('mike', 'member')) as v (n, r);
select is(pg_temp.by(p, $$ update public.workspaces set description = 'New', owner_id = owner_id,
  updated_at = now() where slug = 'acme' $$), w, 'updates by ' || p)
from (values ('olga', '1'), ('adam', '1'), ('mike', '0'), ('sten', '0')) as v (p, w);
select is(pg_temp.by(p, format($$ update public.workspaces set owner_id = %L where slug = 'acme' $$,
  pg_temp.id(o))), w, format('%s hands it over to %s', p, o))
from (values
  ('adam', 'owen', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'adam', 'PT422 devpulse_workspace_owner_invalid'),
  ('olga', 'mike', 'PT422 devpulse_workspace_owner_invalid'),
  ('olga', 'sten', 'PT422 devpulse_workspace_owner_invalid'),
  ('olga', 'owen', '1')) as v (p, o, w);
select pg_temp.ban('olga');
select is(pg_temp.by('owen', format($$ update public.workspaces set owner_id = %L where slug = 'acme' $$,
  pg_temp.id('olga'))), 'PT403 devpulse_workspace_role_forbidden', 'nobody hands it over to a banned owner');
select is(pg_temp.by('olga', s), w, 'banned: ' || s)
from (values
  ('select count(*) from public.workspaces where slug = ''acme''', '0'),
  ('update public.workspaces set name = ''X'' where true', 'PT401 sign_in_required'),
  ('delete from public.workspaces where slug = ''acme''', '0'),
  ('select public.create_workspace(''X'')', 'PT401 sign_in_required')) as v (s, w);
select is(pg_temp.by(p, $$ delete from public.workspaces where slug = 'acme' $$), w, 'deleted by ' || p)
from (values ('sten', '0'), ('mike', '0'), ('adam', '0'), ('owen', '1')) as v (p, w);

-- The limit counts what somebody owns

update public.devpulse_settings set workspaces_per_user = 2;
select is(pg_temp.by('sten', $$ insert into public.workspaces (name) values ('1'), ('2'), ('3') $$),
  'PT409 devpulse_workspaces_limit_reached', 'three');
select is(pg_temp.by('sten', $$ insert into public.workspaces (name) values ('1'), ('2') $$), '2', 'two');
select is(pg_temp.by('sten', $$ select public.create_workspace('3') $$),
  'PT409 devpulse_workspaces_limit_reached', 'the third, by the function');
select is(pg_temp.by('sten', $$ select (public.create_workspace('2')).name $$), '2', 'the second, again');

select * from finish();
rollback;
