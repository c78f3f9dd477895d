-- Invitations to workspaces, as links with a token of which only the hash is stored.

create table public.workspace_invitations (
  id uuid not null default gen_random_uuid(),
  workspace_id uuid not null,
  role text not null,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid,
  constraint workspace_invitations_pkey primary key (id),
  constraint workspace_invitations_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint workspace_invitations_created_by_fkey
    foreign key (created_by) references public.profiles (id) on delete cascade,
  constraint workspace_invitations_accepted_by_fkey
    foreign key (accepted_by) references public.profiles (id) on delete set null,
  constraint workspace_invitations_role_is_known check (role in ('owner', 'admin', 'member')),
  constraint workspace_invitations_accepted_by_has_a_time
    check (accepted_by is null or accepted_at is not null)
);
create index workspace_invitations_workspace_id_idx on public.workspace_invitations (workspace_id);
create index workspace_invitations_created_by_idx on public.workspace_invitations (created_by);
create index workspace_invitations_accepted_by_idx on public.workspace_invitations (accepted_by);
comment on table public.workspace_invitations is
  'One row per invitation, without its token. Created by create_workspace_invitation, used by '
  'accept_workspace_invitation, ended by revoke_workspace_invitation. Owners and admins of the '
  'workspace see it.';
comment on column public.workspace_invitations.role is 'The role of who accepts it: owner, admin or member.';
comment on column public.workspace_invitations.created_by is
  'Who made it. It is valid only as long as they may invite somebody with this role.';
comment on column public.workspace_invitations.expires_at is 'From then on it is rejected.';
comment on column public.workspace_invitations.revoked_at is 'Since when it is rejected, or null.';
comment on column public.workspace_invitations.accepted_at is 'When it was used; it is valid once.';

create trigger _900_set_created_at before insert or update on public.workspace_invitations
  for each row execute function private.set_created_at();

alter table public.workspace_invitations enable row level security;
create policy workspace_invitations_select_admin on public.workspace_invitations
  for select to authenticated using (workspace_id = any (array(select private.my_workspace_ids('admin'))));
grant select on public.workspace_invitations to authenticated, service_role;

create table private.workspace_invitation_hashes (
  hash bytea not null,
  invitation_id uuid not null,
  constraint workspace_invitation_hashes_pkey primary key (hash),
  constraint workspace_invitation_hashes_invitation_id_key unique (invitation_id),
  constraint workspace_invitation_hashes_invitation_id_fkey foreign key (invitation_id)
    references public.workspace_invitations (id) on delete cascade,
  constraint workspace_invitation_hashes_hash_is_sha256 check (octet_length(hash) = 32)
);
comment on table private.workspace_invitation_hashes is
  'The SHA-256 of each invitation''s token: of 32 random bytes, so that it needs no salt and nobody '
  'can guess it.';
alter table private.workspace_invitation_hashes enable row level security;

create or replace function private.may_invite(p_workspace_id uuid, p_user_id uuid, p_role text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_role constant text := private.workspace_role(p_workspace_id, p_user_id);
begin
  return coalesce(v_role = 'owner' or v_role = 'admin' and p_role = 'member', false);
end;
$$;
comment on function private.may_invite is
  'Whether this account may invite somebody with this role: owners with any, admins as members.';
