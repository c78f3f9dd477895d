-- Messages from the Circle community, as they came; those that are issues point to theirs.

create table public.circle_issues (
  id uuid not null default gen_random_uuid(),
  message_id text not null,
  thread_id text,
  title text not null default '',
  body text not null default '',
  author_name text not null default 'Unknown',
  author_email text,
  space_name text,
  space_id text,
  link text,
  is_thread boolean not null default false,
  is_triaged boolean not null default false,
  triage_confidence double precision not null default 0,
  raw_data jsonb not null default '{}',
  mapped_to_issue_id uuid,
  attachments jsonb not null default '[]',
  chat_room_uuid text,
  posted_at timestamptz,
  edited_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint circle_issues_pkey primary key (id),
  constraint circle_issues_message_id_key unique (message_id),
  constraint circle_issues_mapped_to_issue_id_fkey foreign key (mapped_to_issue_id)
    references public.issues (id) on delete set null,
  constraint circle_issues_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_issues_mapped_is_triaged check (mapped_to_issue_id is null or is_triaged),
  constraint circle_issues_triage_confidence_is_a_share check (triage_confidence between 0 and 1),
  constraint circle_issues_attachments_is_array check (jsonb_typeof(attachments) = 'array')
);
comment on table public.circle_issues is
  'Messages from Circle, one row a message, whether or not they became an issue.';
comment on column public.circle_issues.message_id is
  'The message''s id in Circle, as text. Posts and comments, whose ids are counted apart, carry a prefix.';
comment on column public.circle_issues.thread_id is
  'The thread''s id in Circle; null for a message outside a thread.';
comment on column public.circle_issues.is_triaged is
  'Whether it has been decided if this is an issue: always true where it has one.';
comment on column public.circle_issues.triage_confidence is
  'How sure that decision is, 0 to 1: 1 when the sender decided, 0 while nobody has.';
comment on column public.circle_issues.raw_data is 'The message as it was last sent.';
comment on column public.circle_issues.mapped_to_issue_id is
  'The issue it became. Not unique: merged duplicates share one.';
comment on column public.circle_issues.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_issues.chat_room_uuid is
  'The chat room, from which space_id and space_name are filled in by way of circle_spaces where they lack.';
comment on column public.circle_issues.posted_at is
  'When it was posted in Circle; null when that can''t be read.';
comment on column public.circle_issues.edited_at is 'When it was last edited in Circle.';

create index circle_issues_mapped_to_issue_id_idx on public.circle_issues (mapped_to_issue_id);

create or replace function private.fill_circle_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_space record;
begin
  select s.space_id::text as space_id, s.space_name into v_space
  from public.circle_spaces as s
  where s.chat_room_uuid = new.chat_room_uuid;
  if found then
    new.space_id := coalesce(new.space_id, v_space.space_id);
    new.space_name := coalesce(new.space_name, v_space.space_name);
  end if;
  return new;
end;
$$;
comment on function private.fill_circle_space() is
  'Before trigger: the space of a known chat room, where the message lacks it.';

create or replace function private.triage_mapped_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.is_triaged := true;
  new.triage_confidence := coalesce(nullif(new.triage_confidence, 0), 1);
  return new;
end;
$$;
comment on function private.triage_mapped_message() is
  'Before trigger of messages that have an issue: to give it one is to decide that it is one.';

create trigger _100_refuse_key_change before update on public.circle_issues
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.refuse_key_change();
create trigger _200_fill_circle_space before insert or update on public.circle_issues
  for each row when (new.chat_room_uuid is not null and (new.space_id is null or new.space_name is null))
  execute function private.fill_circle_space();
create trigger _300_triage_mapped_message before insert or update on public.circle_issues
  for each row when (new.mapped_to_issue_id is not null and new.is_triaged is not true)
  execute function private.triage_mapped_message();
create trigger _900_keep_timestamps before insert or update on public.circle_issues
  for each row execute function private.keep_timestamps();

alter table public.circle_issues enable row level security;
create policy circle_issues_select_viewer on public.circle_issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_issues_insert_agent on public.circle_issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy circle_issues_update_agent on public.circle_issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy circle_issues_delete_admin on public.circle_issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.circle_issues to authenticated;
grant insert (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at
) on public.circle_issues to authenticated;
grant select, insert, update, delete on public.circle_issues to service_role;
