-- What full text search looks through: one row an issue, kept by triggers of issues and comments.
--
-- However long a text is, it must not fail a write: a tsvector ends at 1 MB, and what is made of a text has
-- less than four times its bytes. So 150,000 bytes of text go in at most: the beginnings of title, tags and
-- description, and the newest comments.
--
-- Whoever writes a row here holds the issue's lock, so that these rows add no lock order of their own: an
-- insert of comments locks their issues, by id, before it comes here. An edit or delete of a comment has its
-- comment by then, and deleting the issue takes the two the other way round: those take turns.

create table private.issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  vector_bytes integer not null,
  question_key text,
  created_at timestamptz not null,
  last_commenter text,
  last_comment_at timestamptz not null,
  constraint issue_search_pkey primary key (issue_id),
  constraint issue_search_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade
);
comment on table private.issue_search is
  'The words of an issue: title A, tags B, description C, comments D. Read by search_issues, similar_issues '
  'and the view repeated_questions.';
comment on column private.issue_search.vector_bytes is
  'The size of vector, never less than it is. A comment that would take it over 150,000 has it made anew, '
  'of the newest comments.';
comment on column private.issue_search.created_at is
  'The issue''s, which doesn''t change: to read the newest that have a common word in their order.';
comment on column private.issue_search.last_commenter is
  'Author of the latest comment; null where there is none.';
comment on column private.issue_search.last_comment_at is
  'Time of the latest comment, else of the issue: to read the issues in the order of what happened last.';
comment on column private.issue_search.question_key is
  'The title''s words, sorted, each once; a digest of them where they are long. Null for none.';

create index issue_search_vector_idx on private.issue_search using gin (vector);
create index issue_search_created_at_idx on private.issue_search (created_at);
create index issue_search_last_comment_at_idx on private.issue_search (last_comment_at desc, issue_id);
create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return to_tsvector('pg_catalog.english', private.unjoined_words(private.left_bytes(p_text, p_max_bytes)));
end;
$$;
comment on function private.search_vector is 'The words of the first p_max_bytes bytes of a text.';

create or replace function private.issue_vector(p_title tsvector, p_tags text[], p_description text)
returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(array_to_string(p_tags, ' '), 10000), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector is
  'The words of an issue without its comments; those of the title are at hand.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.search_vector(string_agg(v.body, e'\n'), 50000)
  from (
    select b.body, sum(octet_length(b.body)) over (order by c.created_at desc, c.id desc) as running_bytes
    from public.comments as c
    cross join lateral (select left(c.body, 10000) as body) as b
    where c.issue_id = p_issue_id
  ) as v
  where v.running_bytes <= 50000;
end;
$$;
comment on function private.comments_vector is
  'The words of an issue''s newest comments; null where it has none.';

create or replace function private.question_key(p_title tsvector) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key constant text := nullif(array_to_string(tsvector_to_array(p_title), ' '), '');
begin
  -- An entry of an index ends at 2.7 kB.
  return case when octet_length(v_key) > 500 then md5(v_key) else v_key end;
end;
$$;
comment on function private.question_key is 'The same for titles that have the same words; null for none.';

-- Runs before other triggers could change the new issue; where one did, its row is here, and newer.
create or replace function private.index_new_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant tsvector := private.search_vector(new.title, 20000);
  v_vector constant tsvector := private.issue_vector(v_title, new.tags, new.description);
begin
  insert into private.issue_search (
    issue_id, vector, vector_bytes, question_key, created_at, last_comment_at
  )
  values (
    new.id, v_vector, pg_column_size(v_vector), private.question_key(v_title), new.created_at, new.created_at
  )
  on conflict on constraint issue_search_pkey do nothing;
  return null;
end;
$$;
comment on function private.index_new_issue is 'After-insert trigger of issues: makes a new one findable.';

create or replace function private.index_issue(p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue record;
  v_last record;
  v_title tsvector;
  v_vector tsvector;
begin
  -- Read, not handed over: a trigger's row may have been changed since by a trigger before it.
  select i.title, i.tags, i.description, i.created_at into v_issue
  from public.issues as i
  where i.id = p_issue_id;
  if not found then
    return;
  end if;
  v_title := private.search_vector(v_issue.title, 20000);
  v_vector := private.issue_vector(v_title, v_issue.tags, v_issue.description)
    || coalesce(private.comments_vector(p_issue_id), '');
  select c.author_name, c.created_at into v_last
  from public.comments as c
  where c.issue_id = p_issue_id
  order by c.created_at desc, c.id desc
  limit 1;
  insert into private.issue_search as s (
    issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at
  )
  values (
    p_issue_id, v_vector, pg_column_size(v_vector), private.question_key(v_title), v_issue.created_at,
    v_last.author_name, coalesce(v_last.created_at, v_issue.created_at)
  )
  on conflict on constraint issue_search_pkey do update set
    vector = excluded.vector, vector_bytes = excluded.vector_bytes, question_key = excluded.question_key,
    last_commenter = excluded.last_commenter, last_comment_at = excluded.last_comment_at;
end;
$$;
comment on function private.index_issue is
  'Makes an issue''s row of issue_search anew. The issue has to be locked.';

create or replace function private.index_changed_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(new.id);
  return null;
end;
$$;
comment on function private.index_changed_issue is
  'After-update trigger of issues whose title, description or tags changed.';

create trigger _050_index_new_issue after insert on public.issues
  for each row execute function private.index_new_issue();
create trigger _300_index_changed_issue after update on public.issues
  for each row when (
    old.title is distinct from new.title or old.description is distinct from new.description
    or old.tags is distinct from new.tags
  )
  execute function private.index_changed_issue();

-- For the views issue_activity_log and repeated_questions, which are their caller's: a view needs its caller
-- to hold the table, not the schema, so nothing but these views reaches it.
alter table private.issue_search enable row level security;
create policy issue_search_select_viewer on private.issue_search
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_search to authenticated, service_role;
