-- Invitations: by link, for a role, used once, until they expire, are revoked, or who made them may not
-- invite.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(62);
\ir ../helpers/workspaces.psql

create temp table link (name text primary key, id uuid, token text, expires_at timestamptz) on commit drop;
grant select, insert on link to authenticated;
create function pg_temp.invite(p_link text, p_by text, p_more text default '') returns text language sql as $$
  select pg_temp.by(p_by, format(
    'insert into link select %L, i.* from public.create_workspace_invitation(%L%s) as i returning ''made''',
    p_link, pg_temp.workspace('acme'), p_more
  ))
$$;
create function pg_temp.accept(p_link text, p_by text) returns text language sql as $$
  select pg_temp.by(p_by, format('select (public.accept_workspace_invitation(%L)).slug',
    coalesce((select token from link where name = p_link), p_link)))
$$;
create function pg_temp.revoke(p_link text, p_by text) returns text language sql as $$
  select pg_temp.by(p_by, format('select public.revoke_workspace_invitation(%L) is not null',
    (select id from link where name = p_link)))
$$;
create function pg_temp.accept_and_leave(p_link text, p_by text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  begin
    v_answer := pg_temp.accept(p_link, p_by);
    raise exception using errcode = 'TT000', message = v_answer;
  exception when sqlstate 'TT000' then
    return sqlerrm;
  end;
end;
$$;

select pg_temp.make_workspace('acme', 'olga owen:owner adam:admin mary:member');
select pg_temp.make_workspace('other', 'anna');

-- Who invites whom

select is(pg_temp.invite('l' || n, b, m), w, format('%s invites%s', b, m))
from (values
  (1, 'olga', '', 'made'), (2, 'olga', ', ''owner''', 'made'), (3, 'olga', ', ''admin'', 1', 'made'),
  (4, 'adam', ', ''member'', 720', 'made'), (5, 'adam', ', null, null', 'made'),
  (6, 'adam', ', ''admin''', 'PT403 devpulse_workspace_role_forbidden'),
  (7, 'adam', ', ''owner''', 'PT403 devpulse_workspace_role_forbidden'),
  (8, 'mary', '', 'PT403 devpulse_workspace_role_forbidden'),
  (9, 'sten', '', 'PT404 devpulse_workspace_unknown'), (10, 'anna', '', 'PT404 devpulse_workspace_unknown'),
  (11, 'olga', ', ''king''', 'PT422 devpulse_invitation_invalid'),
  (12, 'olga', ', ''member'', 0', 'PT422 devpulse_invitation_invalid'),
  (13, 'olga', ', ''member'', 721', 'PT422 devpulse_invitation_invalid')
) as v (n, b, m, w);
select is(pg_temp.by('sten', format('select public.create_workspace_invitation(%L)', gen_random_uuid())),
  'PT404 devpulse_workspace_unknown', 'a workspace that does not exist is like one of others');
select results_eq(
  $$ select i.role, round(extract(epoch from i.expires_at - i.created_at) / 3600) from link as l
     join public.workspace_invitations as i using (id) order by l.name $$,
  $$ values ('member', 168::numeric), ('owner', 168), ('admin', 1), ('member', 720), ('member', 168) $$,
  'roles and hours, by default member and a week'
);
select is((select count(distinct token) from link where token ~ '^fli_[A-Za-z0-9_-]{43}$'), 5::bigint,
  'tokens of 256 bits');
select is_empty(
  $$ select from link as l where exists (
       select from public.workspace_invitations as i where i::text ~ l.token
     ) or exists (select from private.workspace_invitation_hashes as h where h::text ~ l.token) $$,
  'which are stored nowhere'
);

-- Who sees them

select is(pg_temp.by(p, 'select count(*) from public.workspace_invitations'), w, 'listed for ' || p)
from (values ('olga', '5'), ('adam', '5'), ('mary', '0'), ('sten', '0'), ('anna', '0')) as v (p, w);

-- Accepting

select is(pg_temp.accept('l1', 'anon'), '42501 permission denied for function accept_workspace_invitation',
  'not without an account');
update auth.users set is_anonymous = true where id = pg_temp.id('sten');
select is(pg_temp.accept('l1', 'sten'), 'PT401 sign_in_required', 'not anonymously');
update auth.users set is_anonymous = false where id = pg_temp.id('sten');
select pg_temp.ban('sten');
select is(pg_temp.accept('l1', 'sten'), 'PT401 sign_in_required', 'not banned');
select pg_temp.ban('sten', null);
select is(pg_temp.accept('fli_' || repeat('x', 43), 'sten'), 'PT404 devpulse_invitation_unknown', 'unknown');
select is(pg_temp.by('sten', 'select public.accept_workspace_invitation('' '')'),
  'PT404 devpulse_invitation_unknown', 'blank');
select is(pg_temp.by('sten', 'select public.accept_workspace_invitation(null)'),
  'PT404 devpulse_invitation_unknown', 'none');
select is(pg_temp.accept('l2', 'mary'), 'acme', 'a member opens a link for an owner');
select is(
  pg_temp.by('mary', format('select (public.accept_workspace_invitation(%L)).slug', E' ' || token || E'\n')),
  'acme', 'the blanks around a pasted token do not matter'
) from link where name = 'l2';
select is(pg_temp.accept('l1', 'sten'), 'acme', 'somebody joins');
select is(pg_temp.members('acme'), 'olga of olga:owner owen:owner adam:admin mary:member sten:member',
  'in the role of the invitation, while a member keeps theirs');
select is(pg_temp.accept('l1', 'sten'), 'acme', 'sent again it is harmless');
select is(pg_temp.accept('l1', 'mike'), 'PT409 devpulse_invitation_conflict', 'for anybody else it is used');
select is(pg_temp.accept('l2', 'mike'), 'acme', 'the one that the member opened is not');
select is(pg_temp.members('acme'),
  'olga of mike:owner olga:owner owen:owner adam:admin mary:member sten:member', 'and makes an owner');
delete from public.workspace_members where user_id in (pg_temp.id('sten'), pg_temp.id('mike'));
select is(pg_temp.accept('l1', 'sten'), 'PT409 devpulse_invitation_conflict',
  'who was removed does not come back with it');

-- Expired, revoked

update public.workspace_invitations set expires_at = now() where id = (select id from link where name = 'l3');
select is(pg_temp.accept('l3', 'sten'), 'PT410 devpulse_invitation_expired', 'expired');
select is(pg_temp.revoke('l4', p), w, 'revoked by ' || p)
from (values
  ('sten', 'PT404 devpulse_invitation_unknown'), ('mary', 'PT404 devpulse_invitation_unknown'),
  ('anna', 'PT404 devpulse_invitation_unknown'), ('adam', 'true'), ('olga', 'true')) as v (p, w);
select is(pg_temp.revoke('l3', 'adam'), 'PT403 devpulse_workspace_role_forbidden',
  'an admin does not revoke an owner''s for an admin');
select is(pg_temp.revoke('l1', 'olga'), 'PT409 devpulse_invitation_conflict',
  'nor anybody one that was used');
select is(pg_temp.accept('l4', 'sten'), 'PT410 devpulse_invitation_expired', 'revoked');

-- Valid only as long as its maker may invite

select is(pg_temp.accept_and_leave('l5', 'sten'), 'acme', 'an admin''s is valid');
select pg_temp.ban('adam');
select is(pg_temp.accept_and_leave('l5', 'sten'), 'PT410 devpulse_invitation_expired', 'not during a ban');
select pg_temp.ban('adam', null);
select is(pg_temp.accept_and_leave('l5', 'sten'), 'acme', 'but after it');
select pg_temp.by('olga', format($$ update public.workspace_members set role = 'member' where user_id = %L $$,
  pg_temp.id('adam')));
select is(pg_temp.accept_and_leave('l5', 'sten'), 'PT410 devpulse_invitation_expired', 'not as a member');
select pg_temp.by('olga', format($$ update public.workspace_members set role = 'admin' where user_id = %L $$,
  pg_temp.id('adam')));
select is(pg_temp.accept_and_leave('l5', 'sten'), 'PT410 devpulse_invitation_expired',
  'and not as an admin again: it is revoked');
select pg_temp.invite('o1', 'owen', ', ''admin'''), pg_temp.invite('o2', 'owen');
select pg_temp.by('olga', format($$ update public.workspace_members set role = 'admin' where user_id = %L $$,
  pg_temp.id('owen')));
select is(pg_temp.accept_and_leave('o1', 'sten'), 'PT410 devpulse_invitation_expired',
  'who was an owner invites no admin');
select is(pg_temp.accept_and_leave('o2', 'sten'), 'acme', 'but a member');
select pg_temp.by('owen', $$ delete from public.workspace_members where user_id = auth.uid() $$);
select is(pg_temp.accept_and_leave('o2', 'sten'), 'PT410 devpulse_invitation_expired',
  'and nobody after leaving');

-- Limits

update public.devpulse_settings set members_per_workspace = 3, invitations_per_workspace = 3;
select pg_temp.invite('m1', 'olga');
select is(pg_temp.accept('m1', 'sten'), 'PT409 devpulse_members_limit_reached' , 'a workspace that is full')
where (select count(*) from public.workspace_members where workspace_id = pg_temp.workspace('acme')) = 3;
update public.devpulse_settings set members_per_workspace = null;
select is(pg_temp.accept('m1', 'sten'), 'acme', 'and later not');
select is(pg_temp.invite('n' || n, 'olga'), case when n > 3 then 'PT409 devpulse_invitations_limit_reached'
  else 'made' end, 'open invitation ' || n) from generate_series(1, 4) as n;
select pg_temp.revoke('n1', 'olga'), pg_temp.invite('n5', 'olga'), pg_temp.revoke('n2', 'olga'),
  pg_temp.invite('n6', 'olga'), pg_temp.revoke('n3', 'olga'), pg_temp.invite('n7', 'olga'),
  pg_temp.revoke('n5', 'olga'), pg_temp.invite('n8', 'olga');
select is(
  (select count(*) from public.workspace_invitations where workspace_id = pg_temp.workspace('acme')),
  6::bigint,'no more ended ones than that are kept');
update public.devpulse_settings set invitations_per_workspace = 0;
select is(pg_temp.invite('z', 'olga'), 'PT409 devpulse_invitations_limit_reached',
  'or no invitations at all');

select * from finish();
rollback;
