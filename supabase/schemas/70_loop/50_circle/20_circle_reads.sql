-- What circle-sync reads again and again, and when next: each chat room, each space with posts, and the
-- threads that the bot takes part in.

create table private.circle_reads (
  id bigint generated always as identity,
  kind text not null,
  chat_room_uuid text,
  post_space_id bigint,
  next_read_at timestamptz not null default now(),
  lease_expires_at timestamptz,
  fencing_token bigint not null default 0,
  attempts_count integer not null default 0,
  read_at timestamptz,
  error text,
  space_slug text,
  host text,
  cursor jsonb not null default '{}',
  constraint circle_reads_pkey primary key (id),
  constraint circle_reads_chat_room_uuid_key unique (chat_room_uuid),
  constraint circle_reads_post_space_id_key unique (post_space_id),
  constraint circle_reads_chat_room_uuid_fkey foreign key (chat_room_uuid)
    references public.circle_spaces (chat_room_uuid) on update cascade on delete cascade,
  constraint circle_reads_kind_matches_what_is_read check (
    kind = 'room' and chat_room_uuid is not null and post_space_id is null
    or kind = 'posts' and chat_room_uuid is null and post_space_id is not null
    or kind = 'threads' and chat_room_uuid is null and post_space_id is null
  ),
  constraint circle_reads_attempts_count_is_not_negative check (attempts_count >= 0),
  constraint circle_reads_cursor_is_a_small_object
    check (jsonb_typeof(cursor) = 'object' and pg_column_size(cursor) <= 8192)
);
create unique index circle_reads_threads_key on private.circle_reads (kind) where kind = 'threads';
-- The claim's search. Changes with each run.
create index circle_reads_next_read_at_idx on private.circle_reads (next_read_at);
comment on table private.circle_reads is
  'One row per chat room of circle_spaces, per space of circle_sync_settings.post_space_ids, and one for the '
  'bot''s threads. It is read when next_read_at has come.';
comment on column private.circle_reads.next_read_at is 'During a lease, when somebody else may claim it.';
comment on column private.circle_reads.fencing_token is
  'Grows with each lease: a run that lost its lease writes nothing.';
comment on column private.circle_reads.attempts_count is
  'Failures in a row that the room or the space itself caused, and runs that never ended.';
comment on column private.circle_reads.read_at is 'When a run last came to its end.';
comment on column private.circle_reads.error is 'Why the last run did not.';
comment on column private.circle_reads.space_slug is
  'Of the space, for links; null before Circle reported it.';
comment on column private.circle_reads.host is 'Of the community, for links.';
comment on column private.circle_reads.cursor is 'Where the next run goes on, as circle-sync stores it.';
alter table private.circle_reads enable row level security;
create policy circle_reads_select_viewer on private.circle_reads
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select (
  id, kind, chat_room_uuid, post_space_id, next_read_at, lease_expires_at, attempts_count, read_at, error
) on private.circle_reads to authenticated, service_role;

insert into private.circle_reads (kind) values ('threads');

create or replace function private.ensure_room_read() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.circle_reads (kind, chat_room_uuid) values ('room', new.chat_room_uuid)
  on conflict on constraint circle_reads_chat_room_uuid_key do nothing;
  return null;
end;
$$;
comment on function private.ensure_room_read is 'After-insert trigger of circle_spaces: its room is read.';

create trigger _600_ensure_room_read after insert on public.circle_spaces
  for each row execute function private.ensure_room_read();

create or replace function private.sync_post_reads() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.circle_reads as r
  where r.kind = 'posts' and r.post_space_id <> all (new.post_space_ids);
  insert into private.circle_reads (kind, post_space_id)
  select distinct 'posts', s.id from unnest(new.post_space_ids) as s (id) where s.id is not null
  on conflict on constraint circle_reads_post_space_id_key do nothing;
  return null;
end;
$$;
comment on function private.sync_post_reads is
  'After trigger of circle_sync_settings: one read per space of post_space_ids, and no other.';

create trigger _200_sync_post_reads after update on public.circle_sync_settings
  for each row when (old.post_space_ids is distinct from new.post_space_ids)
  execute function private.sync_post_reads();

create or replace function private.release_circle_reads() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.circle_reads as r set next_read_at = now(), attempts_count = 0, error = null
  where r.lease_expires_at is null;
  return null;
end;
$$;
comment on function private.release_circle_reads is
  'After trigger of circle_sync_settings: another bot may read what the one before could not.';

create trigger _210_release_circle_reads after update on public.circle_sync_settings
  for each row when (
    (old.bot_email, old.bot_member_id) is distinct from (new.bot_email, new.bot_member_id)
  )
  execute function private.release_circle_reads();
