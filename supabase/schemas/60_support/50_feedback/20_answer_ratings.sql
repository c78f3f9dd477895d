-- Whether an answer helped, as its visitor says.

create table support.answer_ratings (
  message_id uuid not null,
  is_helpful boolean not null,
  comment text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint answer_ratings_pkey primary key (message_id),
  constraint answer_ratings_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade,
  constraint answer_ratings_comment_is_not_too_long check (octet_length(comment) <= 4000),
  constraint answer_ratings_created_at_is_finite check (isfinite(created_at))
);
comment on table support.answer_ratings is
  'One row per answer that its visitor has rated, by rate_answer(). The team reads them, admins delete them. '
  'Errors on write: team_role_required (403).';
comment on column support.answer_ratings.message_id is 'The assistant''s message.';
comment on column support.answer_ratings.comment is
  'What the visitor wrote about it. It is data: whoever displays it escapes it.';
alter table support.answer_ratings alter column comment set statistics 0;
create index answer_ratings_created_at_idx on support.answer_ratings (created_at);

create trigger _000_require_admin before delete on support.answer_ratings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on support.answer_ratings
  for each row execute function private.set_timestamps();

alter table support.answer_ratings enable row level security;
create policy answer_ratings_select_viewer on support.answer_ratings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy answer_ratings_delete_admin on support.answer_ratings
  for delete to authenticated using ((select private.has_team_role('admin')));
grant select, delete on support.answer_ratings to authenticated;
grant select, insert, update, delete on support.answer_ratings to service_role;
