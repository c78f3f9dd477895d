-- How the import from Circle is doing, for the team.

create view public.circle_sync_status with (security_invoker = true) as
select
  r.kind, r.chat_room_uuid, coalesce(r.post_space_id, s.space_id) as space_id, s.space_name,
  r.read_at, r.next_read_at, r.lease_expires_at is not null as is_running, r.attempts_count, r.error
from private.circle_reads as r
left join public.circle_spaces as s on s.chat_room_uuid = r.chat_room_uuid;
comment on view public.circle_sync_status is
  'What circle-sync reads: chat rooms, spaces with posts, and the bot''s threads, with when each was read '
  'and is read next. For the team.';
comment on column public.circle_sync_status.kind is 'room, posts or threads.';
comment on column public.circle_sync_status.read_at is 'When it was last read to its end; null for never.';
comment on column public.circle_sync_status.attempts_count is 'Failures in a row.';
comment on column public.circle_sync_status.error is
  'Why the last run did not come to its end; null where it did. The codes are in docs/error-codes.md.';
grant select on public.circle_sync_status to authenticated, service_role;
