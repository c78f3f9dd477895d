-- The table that search_issues searches: one row per issue, maintained by triggers of issues and comments.
--
-- Whoever writes a row here holds the lock of its issue, so these rows add no lock order of their own: an
-- insert of comments locks their issues, in the order of their ids, before it updates these rows. An update
-- or delete of a comment has locked the comment by then, while the deletion of an issue locks in the opposite
-- order: those two are serialized (share_issue_deletes_lock). Whoever changes a message or a reply has locked
-- that, and locks no issue after it: the row here is the last lock of every order.

create table private.issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  vector_bytes integer not null,
  question_key text,
  created_at timestamptz not null,
  last_commenter text,
  last_comment_at timestamptz not null,
  comment_count bigint not null default 0,
  constraint issue_search_pkey primary key (issue_id),
  constraint issue_search_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade
);
comment on table private.issue_search is
  'The words of an issue: title with weight A, tags and people B, description C, comments D. Read by '
  'search_issues, similar_issues and the views issue_activity_log, open_issues and repeated_questions.';
comment on column private.issue_search.vector_bytes is
  'An upper bound of the size of vector. When a comment would raise it above 150,000, the row is rebuilt '
  'from the newest comments.';
comment on column private.issue_search.created_at is
  'Copy of the issue''s, which never changes: to read the newest matches of a common word in order.';
comment on column private.issue_search.last_commenter is
  'Author of the latest comment; null without comments.';
comment on column private.issue_search.last_comment_at is
  'Time of the latest comment, else of the issue: to read issues in the order of their latest activity.';
comment on column private.issue_search.question_key is
  'The distinct words of the title, sorted; their md5 when long. Null without words.';

-- Every search reads the list of what is not in the index yet: 4 MB, the default, take longer than the rest.
create index issue_search_vector_idx on private.issue_search using gin (vector)
  with (gin_pending_list_limit = 256);
create index issue_search_created_at_idx on private.issue_search (created_at);
create index issue_search_last_comment_at_idx on private.issue_search (last_comment_at desc, issue_id);
create index issue_search_comment_count_idx on private.issue_search (comment_count);
create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

-- Another after-insert trigger may have changed the issue already; the row that it led to is newer.
create or replace function private.index_new_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant tsvector := private.search_vector(new.title, 20000);
  v_vector constant tsvector := private.issue_vector(
    v_title, new.tags, private.issue_people(new.id, new.submitted_by, new.assigned_to), new.description
  );
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
comment on function private.index_new_issue is
  'After-insert trigger of issues: inserts the row of a new issue.';

create or replace function private.index_issue(p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue record;
  v_last record;
  v_title tsvector;
  v_vector tsvector;
begin
  -- The row first: a message of the issue may be changed without the lock of the issue, and who locks the row
  -- second reads what the first has written.
  perform from private.issue_search as s where s.issue_id = p_issue_id for no key update;
  -- Read again: an earlier trigger may have changed the issue since the calling trigger was queued.
  select i.title, i.tags, i.description, i.submitted_by, i.assigned_to, i.created_at into v_issue
  from public.issues as i
  where i.id = p_issue_id;
  if not found then
    return;
  end if;
  v_title := private.search_vector(v_issue.title, 20000);
  v_vector := private.issue_vector(
    v_title, v_issue.tags, private.issue_people(p_issue_id, v_issue.submitted_by, v_issue.assigned_to),
    v_issue.description
  ) || coalesce(private.comments_vector(p_issue_id), '');
  select c.author_name, c.created_at into v_last
  from public.comments as c
  where c.issue_id = p_issue_id
  order by c.created_at desc, c.id desc
  limit 1;
  insert into private.issue_search as s (
    issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at, comment_count
  )
  values (
    p_issue_id, v_vector, pg_column_size(v_vector), private.question_key(v_title), v_issue.created_at,
    v_last.author_name, coalesce(v_last.created_at, v_issue.created_at),
    (select count(*) from public.comments as c where c.issue_id = p_issue_id)
  )
  on conflict on constraint issue_search_pkey do update set
    vector = excluded.vector, vector_bytes = excluded.vector_bytes, question_key = excluded.question_key,
    last_commenter = excluded.last_commenter, last_comment_at = excluded.last_comment_at;
end;
$$;
comment on function private.index_issue is
  'Rebuilds the row of an issue in issue_search, except for comment_count. The caller holds the lock '
  'of the issue, or of a message of the issue.';

create or replace function private.index_changed_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(new.id);
  return null;
end;
$$;
comment on function private.index_changed_issue is
  'After-update trigger of issues whose title, description, tags or people changed.';

create trigger _300_index_new_issue after insert on public.issues
  for each row execute function private.index_new_issue();
create trigger _310_index_changed_issue after update on public.issues
  for each row when (
    old.title is distinct from new.title or old.description is distinct from new.description
    or old.tags is distinct from new.tags or old.submitted_by is distinct from new.submitted_by
    or old.assigned_to is distinct from new.assigned_to
  )
  execute function private.index_changed_issue();

-- For the security_invoker views issue_activity_log and repeated_questions: their caller needs SELECT on the
-- table, but no USAGE on the schema. Without USAGE, clients can't query the table in any other way.
alter table private.issue_search enable row level security;
create policy issue_search_select_viewer on private.issue_search
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_search to authenticated, service_role;
