-- The replies in a Circle thread, one row per reply, kept whatever later payloads leave out.

create table public.circle_replies (
  id uuid not null default gen_random_uuid(),
  message_id text not null,
  circle_issue_id uuid not null,
  reply_index integer,
  author_name text not null default 'Unknown',
  body text not null default '',
  attachments jsonb not null default '[]',
  link text,
  raw_data jsonb not null default '{}',
  posted_at timestamptz,
  edited_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  field_versions jsonb not null default '{}',
  removed_at timestamptz,
  constraint circle_replies_pkey primary key (id),
  constraint circle_replies_message_id_key unique (message_id),
  constraint circle_replies_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint circle_replies_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_replies_attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint circle_replies_field_versions_is_object check (jsonb_typeof(field_versions) = 'object')
);
comment on table public.circle_replies is 'Replies to messages from Circle.';
comment on column public.circle_replies.message_id is
  'The reply''s own id in Circle, as text; a comment''s carries a prefix.';
comment on column public.circle_replies.reply_index is
  'Its position in the payload that it was sent in, from 1; null where it came by itself.';
comment on column public.circle_replies.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_replies.raw_data is 'The newest version of the reply, as it was sent.';
comment on column public.circle_replies.posted_at is
  'When it was posted in Circle; null when the time is missing or not valid.';
comment on column public.circle_replies.edited_at is 'When it was last edited in Circle.';
comment on column public.circle_replies.removed_at is 'When it was removed in Circle, as in circle_issues.';
comment on column public.circle_replies.field_versions is 'Written by the import, as in circle_issues.';
comment on column public.circle_replies.created_at is
  'When it was posted, if that was known when it first arrived, else when it arrived.';

create index circle_replies_circle_issue_id_reply_index_idx
  on public.circle_replies (circle_issue_id, reply_index);

create trigger _000_require_agent before insert or update on public.circle_replies
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.circle_replies
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_normalize_id before insert on public.circle_replies
  for each row when (new.message_id !~ '^[1-9][0-9]*$')
  execute function private.normalize_id('message_id');
create trigger _100_reject_key_change before update on public.circle_replies
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.circle_replies
  for each row execute function private.set_timestamps();

alter table public.circle_replies enable row level security;
create policy circle_replies_select_viewer on public.circle_replies
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_replies_insert_agent on public.circle_replies
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy circle_replies_update_agent on public.circle_replies
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy circle_replies_delete_admin on public.circle_replies
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.circle_replies to authenticated;
grant insert (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions, removed_at
) on public.circle_replies to authenticated;
grant update (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions, removed_at
) on public.circle_replies to authenticated;
grant select, insert, update, delete on public.circle_replies to service_role;
