-- The name, slug and owner of a workspace.

create or replace function private.build_slug(p_name text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    nullif(
      btrim(
        left(
          btrim(
            regexp_replace(lower(private.fold_letters(left(p_name, 200))), '[^a-z0-9]+', '-', 'g'), '-'
          ), 50
        ), '-'
      ), ''
    ),
    'workspace'
  );
end;
$$;
comment on function private.build_slug is
  'A valid slug made of a name: its letters and digits as ASCII, up to 50; workspace where it has none.';

create or replace function private.choose_slug(p_name text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_slug text := private.build_slug(p_name);
begin
  if exists (select from public.workspaces as w where w.slug = v_slug) then
    v_slug := v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 10);
  end if;
  return v_slug;
end;
$$;
comment on function private.choose_slug is
  'The slug of a new workspace: made of its name, with ten random characters where that one is taken.';

-- An upsert by slug of a workspace that the caller administers goes on: it updates that row.
create or replace function private.is_slug_taken(p_slug text, p_id uuid, p_is_upsert boolean) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.workspaces as w
    where w.slug = p_slug and w.id <> p_id
      and not (
        p_is_upsert
        and (private.is_trusted_caller() or w.id = any (array(select private.my_workspace_ids('admin'))))
      )
  );
end;
$$;
comment on function private.is_slug_taken is
  'Whether another workspace has the slug, not counting one that an upsert may update.';

create or replace function private.raise_slug_conflict(p_slug text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'devpulse_workspace_slug_conflict',
    detail = format('Another workspace has the slug %s.', p_slug), hint = 'Choose another one.';
end;
$$;
comment on function private.raise_slug_conflict is 'Errors: devpulse_workspace_slug_conflict (409), always.';

create or replace function private.check_workspace() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.id := coalesce(new.id, gen_random_uuid());
  new.name := private.non_blank(new.name);
  if new.name is null or char_length(new.name) > 200 or char_length(new.description) > 4000 then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_invalid',
      detail = 'A workspace has a name of 1 to 200 characters, and a description of up to 4000.',
      hint = 'Send a name that is not blank.';
  end if;
  new.slug := coalesce(
    private.non_blank(new.slug),
    (
      select w.slug from public.workspaces as w
      where w.id = new.id
        and (private.is_trusted_caller() or w.id = any (array(select private.my_workspace_ids('admin'))))
    )
  );
  if new.slug is null then
    -- the constraint decides where somebody else takes it at the same moment
    new.slug := private.choose_slug(new.name);
    return new;
  end if;
  if new.slug !~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$' then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_slug_invalid',
      detail = 'A slug has 1 to 63 lower-case letters, digits and hyphens, and no hyphen at its ends.',
      hint = format('Use %s, or leave it out.', private.build_slug(new.slug));
  end if;
  if private.is_slug_taken(new.slug, new.id, tg_op = 'INSERT') then
    perform private.raise_slug_conflict(new.slug);
  end if;
  return new;
end;
$$;
comment on function private.check_workspace is
  'Before trigger: trims the name, and makes a slug where it is left out. Errors: '
  'devpulse_workspace_slug_conflict (409), devpulse_workspace_invalid, '
  'devpulse_workspace_slug_invalid (422).';

create or replace function private.check_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.owner_id := coalesce(new.owner_id, old.owner_id);
  -- a locked profile is one that is being deleted, see private.sync_workspace_owner
  perform from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = new.id and m.user_id = new.owner_id and m.role = 'owner'
  for key share of p skip locked;
  if not found then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_owner_invalid',
      detail = 'owner_id is one of the members with the role owner.',
      hint = 'Give the member the role owner first.';
  end if;
  return new;
end;
$$;
comment on function private.check_workspace_owner is
  'Before-update trigger of an owner_id that changes. Errors: devpulse_workspace_owner_invalid (422).';

create or replace function private.require_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.workspace_role(new.id, auth.uid()) is distinct from 'owner'
    or not private.is_person_account(new.owner_id)
  then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Only owners hand a workspace over, to an owner who can sign in.',
      hint = 'Ask an owner, or send the current owner_id.';
  end if;
  return new;
end;
$$;
comment on function private.require_workspace_owner is
  'Before-update trigger of an owner_id that a person changes. Errors: '
  'devpulse_workspace_role_forbidden (403).';

create trigger _100_check_new_workspace before insert on public.workspaces
  for each row execute function private.check_workspace();
create trigger _110_check_workspace before update on public.workspaces
  for each row when (
    (old.name, old.slug, old.description) is distinct from (new.name, new.slug, new.description)
  )
  execute function private.check_workspace();
create trigger _120_check_owner before update on public.workspaces
  for each row when (old.owner_id is distinct from new.owner_id)
  execute function private.check_workspace_owner();
create trigger _130_require_owner before update on public.workspaces
  for each row when (old.owner_id is distinct from new.owner_id and current_user = 'authenticated')
  execute function private.require_workspace_owner();
