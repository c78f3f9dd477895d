-- What the team has written for everybody about a tracker issue: its question and answer in public words.

create table support.answers (
  id uuid not null default gen_random_uuid(),
  issue_id uuid,
  question text not null,
  answer text not null,
  url text,
  language text,
  is_published boolean not null default false,
  author_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint answers_pkey primary key (id),
  constraint answers_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint answers_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint answers_question_is_not_blank
    check (question ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint answers_answer_is_not_blank
    check (answer ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint answers_question_is_not_too_long check (octet_length(question) <= 4000),
  constraint answers_answer_is_not_too_long check (octet_length(answer) <= 65536),
  constraint answers_url_is_a_web_address
    check (url ~ '^https?://[^\s"<>\\^`{|}]+$' and octet_length(url) <= 2000),
  constraint answers_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint answers_created_at_is_finite check (isfinite(created_at))
);
create index answers_issue_id_idx on support.answers (issue_id);
-- Statistics would tell whoever may call the API about texts that are not published.
alter table support.answers
  alter column question set statistics 0, alter column answer set statistics 0;
create index answers_author_user_id_idx on support.answers (author_user_id);
create index answers_created_at_idx on support.answers (created_at);

comment on table support.answers is
  'Public answers to issues of the tracker. Nothing else of an issue is ever shown to visitors, or searched '
  'for them. The team reads them, agents write them, admins delete them. Errors on write: '
  'team_role_required (403), key_change_forbidden (422).';
comment on column support.answers.issue_id is
  'The issue that it answers; null for an answer of its own. Deleted with the issue.';
comment on column support.answers.question is
  'What it answers, worded for everybody: without names, addresses and what else is private.';
comment on column support.answers.answer is 'Plain text, Markdown or HTML. It is quoted as plain text.';
comment on column support.answers.url is 'Where visitors read more: http or https.';
comment on column support.answers.language is
  'The language it is written in, such as de or pt-BR; null where nobody said.';
comment on column support.answers.is_published is
  'Whether visitors are answered from it. What is not published is in no index.';
comment on column support.answers.author_user_id is
  'The member of the team who created it, set by the database; null for a server.';

create trigger _000_require_agent before insert or update on support.answers
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.answers
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.answers
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _200_set_author before insert or update on support.answers
  for each row execute function private.set_author();
create trigger _900_set_timestamps before insert or update on support.answers
  for each row execute function private.set_timestamps();

alter table support.answers enable row level security;
create policy answers_select_viewer on support.answers
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy answers_insert_agent on support.answers
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy answers_update_agent on support.answers
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy answers_delete_admin on support.answers
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.answers to authenticated;
grant insert (
  id, issue_id, question, answer, url, language, is_published, author_user_id, created_at, updated_at
) on support.answers to authenticated;
grant update (
  id, issue_id, question, answer, url, language, is_published, author_user_id, created_at, updated_at
) on support.answers to authenticated;
grant select, insert, update, delete on support.answers to service_role;

-- The messages that quote an answer stay when it is deleted.
alter table support.messages add constraint messages_answer_id_fkey
  foreign key (answer_id) references support.answers (id) on delete set null;
create index messages_answer_id_idx on support.messages (answer_id);
