-- Messages from the Circle community; those that are issues reference theirs.

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
  segment text,
  sender_verdict double precision,
  triaged_by text,
  triaged_by_user_id uuid,
  triaged_at timestamptz,
  triage_notes text,
  field_versions jsonb not null default '{}',
  is_verdict_unreadable boolean not null default false,
  removed_at timestamptz,
  constraint circle_issues_pkey primary key (id),
  constraint circle_issues_message_id_key unique (message_id),
  -- Deferrable so that an import can write the message with its issue's id before the issue.
  constraint circle_issues_mapped_to_issue_id_fkey foreign key (mapped_to_issue_id)
    references public.issues (id) on delete set null deferrable initially immediate,
  constraint circle_issues_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_issues_mapped_is_triaged check (mapped_to_issue_id is null or is_triaged),
  constraint circle_issues_triage_confidence_is_a_share check (triage_confidence between 0 and 1),
  constraint circle_issues_attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint circle_issues_triaged_by_user_id_fkey foreign key (triaged_by_user_id)
    references auth.users (id) on delete set null,
  constraint circle_issues_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint circle_issues_sender_verdict_is_a_share check (sender_verdict between 0 and 1),
  constraint circle_issues_triaged_by_matches_triaged_at check ((triaged_by is null) = (triaged_at is null)),
  constraint circle_issues_field_versions_is_object check (jsonb_typeof(field_versions) = 'object')
);
comment on table public.circle_issues is
  'Messages from Circle, one row per message, whether or not they became an issue.';
comment on column public.circle_issues.message_id is
  'The message''s id in Circle, as text. Posts carry a prefix, since a chat message may have '
  'the same number.';
comment on column public.circle_issues.thread_id is
  'The thread''s id in Circle; null for a message outside a thread.';
comment on column public.circle_issues.is_triaged is
  'Whether it has been decided if this is an issue: always true where it has one.';
comment on column public.circle_issues.triage_confidence is
  'How sure that decision is, 0 to 1; before it is made, how likely the message is an issue.';
comment on column public.circle_issues.raw_data is 'The newest version of the message, as it was sent.';
comment on column public.circle_issues.mapped_to_issue_id is
  'The issue it became. Not unique: merged duplicates share one.';
comment on column public.circle_issues.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_issues.chat_room_uuid is
  'The chat room, by which circle_spaces fills in space_id and space_name where they are missing.';
comment on column public.circle_issues.posted_at is
  'When it was posted in Circle; null when the time is missing or not valid.';
comment on column public.circle_issues.edited_at is 'When it was last edited in Circle.';
comment on column public.circle_issues.segment is
  'The segment that its sender named; null where the words decide.';
comment on column public.circle_issues.sender_verdict is
  'How likely the message is an issue by its sender''s verdict, 0 to 1: 1 is a plain yes, 0 a plain no.';
comment on column public.circle_issues.is_verdict_unreadable is
  'Whether its sender gave a verdict that cannot be read: a person decides.';
comment on column public.circle_issues.removed_at is
  'When it was removed in Circle; where that time cannot be read, the time of its last edit or of its '
  'posting. Its issue stays.';
comment on column public.circle_issues.triaged_by is
  'Display name of the person who decided; later payloads do not change a person''s decision.';
comment on column public.circle_issues.triaged_by_user_id is 'The account that decided, if one did.';
comment on column public.circle_issues.triaged_at is 'When a person decided.';
comment on column public.circle_issues.triage_notes is 'What that person noted about it.';
comment on column public.circle_issues.field_versions is
  'Written by the import: for each field that is not of the newest version the version that it is from, in '
  'seconds since 1970, and null for a field that nobody sent and that was filled in.';

create index circle_issues_mapped_to_issue_id_idx on public.circle_issues (mapped_to_issue_id);
create index circle_issues_triaged_by_user_id_idx on public.circle_issues (triaged_by_user_id);
create index circle_issues_created_at_idx on public.circle_issues (created_at);
create index circle_issues_space_id_created_at_idx on public.circle_issues (space_id, created_at);
create index circle_issues_waiting_created_at_idx on public.circle_issues (created_at) where not is_triaged;
create index circle_issues_spaceless_chat_room_uuid_idx on public.circle_issues (chat_room_uuid)
  where space_id is null or space_name is null;

create or replace function private.fill_circle_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_space record;
begin
  select s.space_id::text as space_id, s.space_name into v_space
  from public.circle_spaces as s
  where s.chat_room_uuid = new.chat_room_uuid;
  if found then
    -- Marked as filled in, so that the space of any version of the message replaces it.
    if new.space_id is null and v_space.space_id is not null then
      new.space_id := v_space.space_id;
      new.field_versions := new.field_versions || '{"space_id": null}';
    end if;
    if new.space_name is null then
      new.space_name := v_space.space_name;
      new.field_versions := new.field_versions || '{"space_name": null}';
    end if;
  end if;
  return new;
end;
$$;
comment on function private.fill_circle_space is
  'Before trigger: the space of a known chat room, where the message has none.';

create or replace function private.fill_spaces_of_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- What fill_circle_space() fills in; nothing else changes.
  update public.circle_issues as c set chat_room_uuid = c.chat_room_uuid
  where c.chat_room_uuid = new.chat_room_uuid and (c.space_id is null or c.space_name is null);
  return null;
end;
$$;
comment on function private.fill_spaces_of_messages is
  'After trigger of circle_spaces: messages that arrived before their room''s row get its space now.';

create or replace function private.triage_mapped_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.is_triaged := true;
  new.triage_confidence := coalesce(nullif(new.triage_confidence, 0), 1);
  return new;
end;
$$;
comment on function private.triage_mapped_message is
  'Before trigger of messages that have an issue: giving a message an issue decides that it is one.';

-- A person's decision carries their name whatever they write; an import writes no name. Whoever changes
-- whether a message is triaged, or as which issue, has decided, and cannot remove the name again.
create or replace function private.set_triager() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_decided constant boolean := tg_op = 'INSERT'
    or new.triaged_by is not null and new.triaged_by is distinct from old.triaged_by
    or new.is_triaged is distinct from old.is_triaged
    or new.mapped_to_issue_id is distinct from old.mapped_to_issue_id
      -- What the deletion of the issue does to its messages is not a decision.
      and (
        new.mapped_to_issue_id is not null
        or exists (select from public.issues as i where i.id = old.mapped_to_issue_id)
      );
begin
  if current_setting('app.import', true) = 'on' or private.is_trusted_caller() then
    if new.triaged_by is distinct from old.triaged_by
      and new.triaged_by_user_id is not distinct from old.triaged_by_user_id
    then
      new.triaged_by_user_id := null;
    end if;
  elsif v_is_decided then
    new.triaged_by := private.actor_name();
    new.triaged_by_user_id := auth.uid();
    new.triaged_at := clock_timestamp();
  else
    new.triaged_by := old.triaged_by;
    new.triaged_by_user_id := private.resolve_account_change(old.triaged_by_user_id, new.triaged_by_user_id);
    new.triaged_at := old.triaged_at;
  end if;
  new.triaged_at := case when new.triaged_by is not null then coalesce(new.triaged_at, clock_timestamp()) end;
  new.triaged_by_user_id := case when new.triaged_by is not null then new.triaged_by_user_id end;
  return new;
end;
$$;
comment on function private.set_triager is
  'Before trigger: a person''s decision is recorded under their name, with its time, over any client; a '
  'server''s under the name that it gives. An import, which sets app.import, records no name.';

create trigger _000_require_agent before insert or update on public.circle_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.circle_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_normalize_id before insert on public.circle_issues
  for each row when (new.message_id !~ '^[1-9][0-9]*$')
  execute function private.normalize_id('message_id');
create trigger _100_reject_key_change before update on public.circle_issues
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.reject_key_change();
create trigger _200_fill_circle_space before insert or update on public.circle_issues
  for each row when (new.chat_room_uuid is not null and (new.space_id is null or new.space_name is null))
  execute function private.fill_circle_space();
create trigger _300_triage_mapped_message before insert or update on public.circle_issues
  for each row when (new.mapped_to_issue_id is not null and new.is_triaged is not true)
  execute function private.triage_mapped_message();
create trigger _400_set_triager before insert on public.circle_issues
  for each row when (
    new.triaged_by is not null or new.is_triaged and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.set_triager();
create trigger _410_set_triager before update on public.circle_issues
  for each row when (
    (old.triaged_by, old.triaged_by_user_id, old.triaged_at, old.is_triaged, old.mapped_to_issue_id)
    is distinct from (
      new.triaged_by, new.triaged_by_user_id, new.triaged_at, new.is_triaged, new.mapped_to_issue_id
    )
  )
  execute function private.set_triager();
create trigger _900_set_timestamps before insert or update on public.circle_issues
  for each row execute function private.set_timestamps();

create trigger _500_fill_spaces_of_messages after insert or update on public.circle_spaces
  for each row execute function private.fill_spaces_of_messages();

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
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions, is_verdict_unreadable, removed_at
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions, is_verdict_unreadable, removed_at
) on public.circle_issues to authenticated;
grant select, insert, update, delete on public.circle_issues to service_role;
