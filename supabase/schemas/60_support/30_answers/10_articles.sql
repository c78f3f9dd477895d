-- What the team has written for everybody: the articles that visitors are answered from.

create table support.articles (
  id uuid not null default gen_random_uuid(),
  title text not null,
  body text not null,
  url text,
  language text,
  is_published boolean not null default false,
  author_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint articles_pkey primary key (id),
  constraint articles_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint articles_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint articles_title_is_not_too_long check (octet_length(title) <= 1000),
  constraint articles_body_is_not_too_long check (octet_length(body) <= 262144),
  constraint articles_url_is_a_web_address
    check (url ~ '^https?://[^\s"<>\\^`{|}]+$' and octet_length(url) <= 2000),
  constraint articles_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint articles_created_at_is_finite check (isfinite(created_at))
);
-- Statistics would tell whoever may call the API about texts that are not published.
alter table support.articles
  alter column title set statistics 0, alter column body set statistics 0;
create index articles_author_user_id_idx on support.articles (author_user_id);
create index articles_created_at_idx on support.articles (created_at);

comment on table support.articles is
  'Articles that visitors are answered from. The team reads them, agents write them, admins delete them; '
  'visitors see what support-chat quotes of published ones. Errors on write: team_role_required (403), '
  'key_change_forbidden (422).';
comment on column support.articles.body is
  'Plain text, Markdown or HTML. It is quoted as plain text; the first 100 passages are searched.';
comment on column support.articles.url is 'Where visitors read it: http or https.';
comment on column support.articles.language is
  'The language it is written in, such as de or pt-BR; null where nobody said.';
comment on column support.articles.is_published is
  'Whether visitors are answered from it. What is not published is in no index.';
comment on column support.articles.author_user_id is
  'The member of the team who created it, set by the database; null for a server.';

-- Whoever creates it, not whoever changes it.
create or replace function private.set_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    if not private.is_trusted_caller() then
      new.author_user_id := auth.uid();
    end if;
  elsif new.author_user_id is distinct from old.author_user_id then
    new.author_user_id := private.resolve_account_change(old.author_user_id, new.author_user_id);
  end if;
  return new;
end;
$$;
comment on function private.set_author is
  'Before trigger of texts of the team: author_user_id is the account that created the row.';

create trigger _000_require_agent before insert or update on support.articles
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.articles
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.articles
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _200_set_author before insert or update on support.articles
  for each row execute function private.set_author();
create trigger _900_set_timestamps before insert or update on support.articles
  for each row execute function private.set_timestamps();

alter table support.articles enable row level security;
create policy articles_select_viewer on support.articles
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy articles_insert_agent on support.articles
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy articles_update_agent on support.articles
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy articles_delete_admin on support.articles
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.articles to authenticated;
grant insert (id, title, body, url, language, is_published, author_user_id, created_at, updated_at)
  on support.articles to authenticated;
grant update (id, title, body, url, language, is_published, author_user_id, created_at, updated_at)
  on support.articles to authenticated;
grant select, insert, update, delete on support.articles to service_role;
