-- The team's conversation about an issue.

create table public.comments (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  author_name text not null default private.actor_name(),
  author_user_id uuid,
  body text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint comments_pkey primary key (id),
  constraint comments_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint comments_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint comments_body_is_not_blank
    check (body ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint comments_created_at_is_finite check (isfinite(created_at))
);
comment on table public.comments is
  'Comments on issues. Agents write them; only the author or an admin may change or delete one.';
comment on column public.comments.author_name is 'Display name of the author; the caller''s when left out.';
comment on column public.comments.author_user_id is
  'The author''s account, set by the database; null for a server or an import.';

-- The first entry for an issue is its latest comment.
create index comments_issue_id_created_at_id_idx on public.comments (issue_id, created_at desc, id desc);
create index comments_author_user_id_idx on public.comments (author_user_id);
create index comments_created_at_idx on public.comments (created_at);

create or replace function private.set_comment_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_name text;
begin
  if tg_op = 'INSERT' then
    -- An upsert of an existing comment without a name keeps the stored name (see complete_issue_upsert).
    select c.author_name into v_stored_name from public.comments as c where c.id = new.id for update;
  end if;
  new.author_name := coalesce(
    private.non_blank(new.author_name), old.author_name, v_stored_name, private.actor_name()
  );
  if tg_op = 'UPDATE' then
    if new.author_user_id is distinct from old.author_user_id then
      new.author_user_id := private.resolve_account_change(old.author_user_id, new.author_user_id);
    end if;
  elsif not private.is_trusted_caller() then
    new.author_user_id := auth.uid();
  end if;
  return new;
end;
$$;
comment on function private.set_comment_author is
  'Before trigger: sets the author''s account, and the name when it was left out.';

create trigger _000_require_agent before insert or update or delete on public.comments
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.comments
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _200_set_comment_author before insert or update on public.comments
  for each row execute function private.set_comment_author();
create trigger _900_set_timestamps before insert or update on public.comments
  for each row execute function private.set_timestamps();

alter table public.comments enable row level security;
create policy comments_select_viewer on public.comments
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy comments_insert_agent on public.comments
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy comments_update_author on public.comments
  for update to authenticated
  using (
    (select private.has_team_role('agent'))
    and (author_user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  )
  with check ((select private.has_team_role('agent')));
create policy comments_delete_author on public.comments
  for delete to authenticated
  using (
    (select private.has_team_role('agent'))
    and (author_user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  );

grant select, delete on public.comments to authenticated;
grant insert (id, issue_id, author_name, author_user_id, body, created_at, updated_at)
  on public.comments to authenticated;
grant update (id, issue_id, author_name, author_user_id, body, created_at, updated_at)
  on public.comments to authenticated;
grant select, insert, update, delete on public.comments to service_role;
