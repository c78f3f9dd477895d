-- The e-mail addresses of authors. Chat messages do not contain them; the list of a room's participants does.

create table private.circle_members (
  member_id bigint not null,
  name text,
  email text,
  read_at timestamptz not null default now(),
  constraint circle_members_pkey primary key (member_id),
  constraint circle_members_email_is_bounded check (length(email) <= 320)
);
create index circle_members_read_at_idx on private.circle_members (read_at);
comment on table private.circle_members is
  'Members of the community, as the lists of participants last had them; deleted after 60 days without.';
comment on column private.circle_members.member_id is 'The community_member_id.';
alter table private.circle_members enable row level security;
