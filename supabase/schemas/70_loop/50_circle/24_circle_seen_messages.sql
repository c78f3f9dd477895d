-- What circle-sync has seen in the windows that it reads again: what has changed, and what has disappeared.

create table private.circle_seen_messages (
  read_id bigint not null,
  message_id text not null,
  source_id bigint not null,
  parent_id bigint,
  thread_id bigint,
  digest bytea not null,
  posted_at timestamptz not null,
  seen_at timestamptz not null default now(),
  replies_state text,
  replies_at timestamptz,
  read_replies_state text,
  replies_read_at timestamptz,
  constraint circle_seen_messages_pkey primary key (read_id, message_id),
  constraint circle_seen_messages_read_id_fkey
    foreign key (read_id) references private.circle_reads (id) on delete cascade,
  constraint circle_seen_messages_digest_is_a_sha256 check (octet_length(digest) = 32)
);
create index circle_seen_messages_read_id_parent_id_source_id_idx
  on private.circle_seen_messages (read_id, parent_id, source_id);
comment on table private.circle_seen_messages is
  'One row per message, reply, post and comment of a window, of people alone: not those of the bot. It '
  'is deleted when the thread''s last message is older than circle_sync_settings.window_hours.';
comment on column private.circle_seen_messages.message_id is 'As in circle_issues and circle_replies.';
comment on column private.circle_seen_messages.source_id is 'The id without its prefix.';
comment on column private.circle_seen_messages.parent_id is
  'The source_id of the message or post that it answers; null at the root.';
comment on column private.circle_seen_messages.thread_id is
  'The chat_thread_id of a message that has replies.';
comment on column private.circle_seen_messages.digest is
  'Of what an edit changes: what is the same is not imported again.';
comment on column private.circle_seen_messages.seen_at is 'When it was last among what Circle returned.';
comment on column private.circle_seen_messages.replies_state is
  'How many replies it has, and when the last was written, as Circle last reported it.';
comment on column private.circle_seen_messages.replies_at is 'When the last reply was written.';
comment on column private.circle_seen_messages.read_replies_state is
  'What replies_state was when its replies were last read to their end; they are read again '
  'where it differs.';
comment on column private.circle_seen_messages.replies_read_at is 'When that was.';
alter table private.circle_seen_messages enable row level security;
