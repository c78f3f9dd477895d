-- Adds full text search, similar issues, the read models and touch_user_session, with the indexes of their
-- pages, and makes what search looks through of the issues that are there.

-- In one transaction no index is made concurrently: issues can be read meanwhile, and writes wait.
-- squawk-ignore-file require-concurrent-index-creation

set local lock_timeout = '5s';
-- A million issues take some minutes, during which they can be read and not written.
set local statement_timeout = '30min';

create extension if not exists pg_trgm with schema extensions;

-- The pages that people open: newest first, of one status, somebody's, and what is open by age.
-- squawk-ignore require-concurrent-index-creation
create index issues_created_at_idx on public.issues (created_at);
-- squawk-ignore require-concurrent-index-creation
create index issues_status_created_at_idx on public.issues (status, created_at);
-- squawk-ignore require-concurrent-index-creation
create index issues_assigned_to_status_idx on public.issues (assigned_to, status)
  where assigned_to is not null;
-- squawk-ignore require-concurrent-index-creation
create index issues_open_created_at_idx on public.issues (created_at)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test;
-- Titles that contain what somebody typed.
-- squawk-ignore require-concurrent-index-creation
create index issues_title_idx on public.issues using gin (title extensions.gin_trgm_ops);


-- Says that a team member is here, and under which profile.

create or replace function private.touch_user_session(p_profile_name text, p_profile_role text)
returns public.user_sessions
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_session public.user_sessions;
begin
  perform private.require_team_role('viewer');
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'not_signed_in', detail = 'A session belongs to an account.',
      hint = 'Call with the token of a signed-in team member.';
  end if;
  -- Two tabs that open at once: the second waits here, and then finds the session that the first one started.
  perform pg_advisory_xact_lock(hashtextextended('public.user_sessions ' || v_user_id, 0));
  update public.user_sessions as s
  set last_active = clock_timestamp(),
    profile_name = coalesce(private.presence(p_profile_name), s.profile_name),
    profile_role = coalesce(private.presence(p_profile_role), s.profile_role)
  where s.id = (
    select l.id from public.user_sessions as l
    where l.user_id = v_user_id and l.last_active > clock_timestamp() - interval '30 minutes'
    order by l.last_active desc, l.id
    limit 1
  )
  returning * into v_session;
  if not found then
    insert into public.user_sessions (user_id, profile_name, profile_role, created_at, last_active)
    values (
      v_user_id, coalesce(private.presence(p_profile_name), private.actor_name()),
      coalesce(private.presence(p_profile_role), private.team_role()), clock_timestamp(), clock_timestamp()
    )
    returning * into v_session;
  end if;
  return v_session;
end;
$$;
comment on function private.touch_user_session(text, text) is 'Body of public.touch_user_session.';
grant execute on function private.touch_user_session(text, text) to authenticated, service_role;

create or replace function public.touch_user_session(
  p_profile_name text default null, p_profile_role text default null
) returns public.user_sessions
language sql volatile security invoker set search_path = ''
begin atomic
  select private.touch_user_session(
    p_profile_name => touch_user_session.p_profile_name, p_profile_role => touch_user_session.p_profile_role
  );
end;
comment on function public.touch_user_session(text, text) is
  'Keeps the caller''s session alive: the one that was active within the last 30 minutes, else a new one. '
  'Without a name or role it keeps what the session has; a new one has those of the team. Safe when called '
  'twice at once. Team members. Errors: not_signed_in (401), team_role_required (403).';
grant execute on function public.touch_user_session(text, text) to authenticated, service_role;

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
  'The words of an issue: title A, tags B, description C, comments D. Read by search_issues, '
  'similar_issues and the view repeated_questions.';
comment on column private.issue_search.vector_bytes is
  'The size of vector, never less than it is. A comment that would take it over 150,000 has it made '
  'anew, of the newest comments.';
comment on column private.issue_search.created_at is
  'The issue''s, which doesn''t change: to read the newest that have a common word in their order.';
comment on column private.issue_search.last_commenter is
  'Author of the latest comment; null where there is none.';
comment on column private.issue_search.last_comment_at is
  'Time of the latest comment, else of the issue: to read the issues in the order of what happened last.';
comment on column private.issue_search.question_key is
  'The title''s words, sorted, each once; a digest of them where they are long. Null for none.';

create index issue_search_created_at_idx on private.issue_search (created_at);
create index issue_search_last_comment_at_idx on private.issue_search (last_comment_at desc, issue_id);
create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

-- src/app.ts is found as typed, and as app.ts too, in queries as in texts.
create or replace function private.unjoined_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- translate() takes seven times as long, longer than the words themselves.
  return regexp_replace(p_text, '[/\\.:_@=&?#+~-]+', ' ', 'g');
end;
$$;
comment on function private.unjoined_words(text) is
  'The text with a blank for what joins words into paths, addresses, identifiers and compounds.';

create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  while octet_length(v_text) > p_max_bytes loop
    v_text := left(v_text, (length(v_text)::bigint * p_max_bytes / octet_length(v_text))::integer);
  end loop;
  return to_tsvector('pg_catalog.english', private.unjoined_words(v_text));
end;
$$;
comment on function private.search_vector(text, integer) is
  'The words of a text''s first so many bytes.';

create or replace function private.issue_vector(p_title tsvector, p_tags text[], p_description text)
returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(array_to_string(p_tags, ' '), 10000), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector(tsvector, text[], text) is
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
comment on function private.comments_vector(uuid) is
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
comment on function private.question_key(tsvector) is
  'The same for titles that have the same words; null for none.';

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
comment on function private.index_new_issue() is 'After-insert trigger of issues: makes a new one findable.';

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
comment on function private.index_issue(uuid) is
  'Makes an issue''s row of issue_search anew. The issue has to be locked.';

create or replace function private.index_changed_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(new.id);
  return null;
end;
$$;
comment on function private.index_changed_issue() is
  'After-update trigger of issues whose title, description or tags changed.';

create trigger _050_index_new_issue after insert on public.issues
  for each row execute function private.index_new_issue();
create trigger _300_index_changed_issue after update on public.issues
  for each row when (
    old.title is distinct from new.title or old.description is distinct from new.description
    or old.tags is distinct from new.tags
  )
  execute function private.index_changed_issue();

-- For the view repeated_questions alone, which is its caller's: a view needs its caller to hold the table,
-- not the schema, so nothing but that view reaches it.
alter table private.issue_search enable row level security;
create policy issue_search_select_viewer on private.issue_search
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_search to authenticated, service_role;

-- Keeps what search_issues finds true to the comments, a statement at a time.

-- Twelve comments at once on one issue take turns by its lock, so that each adds to what the others left.
create or replace function private.index_new_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_added record;
begin
  perform from public.issues as i
  where i.id in (select n.issue_id from new_comments as n)
  order by i.id
  for no key update;
  for v_added in
    select v.issue_id, case when max(v.running_bytes) <= 20000 then
      private.search_vector(string_agg(v.body, e'\n') filter (where v.running_bytes <= 20000), 20000)
    end as vector
    from (
      select n.issue_id, n.body,
        sum(octet_length(n.body) + 1) over (partition by n.issue_id order by n.id) as running_bytes
      from new_comments as n
    ) as v
    group by v.issue_id
  loop
    update private.issue_search as s
    set vector = s.vector || v_added.vector,
      vector_bytes = s.vector_bytes + pg_column_size(v_added.vector),
      last_commenter = l.author_name, last_comment_at = l.created_at
    from (
      select c.author_name, c.created_at
      from public.comments as c
      where c.issue_id = v_added.issue_id
      order by c.created_at desc, c.id desc
      limit 1
    ) as l
    where s.issue_id = v_added.issue_id and s.vector_bytes + pg_column_size(v_added.vector) <= 150000;
    if not found then
      perform private.index_issue(v_added.issue_id);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.index_new_comments() is
  'After-insert-statement trigger of comments: adds their words, or where they are many makes the row anew.';

-- An issue that is being deleted takes its comments along, and is not there any more.
create or replace function private.index_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
    perform private.index_issue(u.id) from (select distinct unnest(p_issue_ids)) as u (id);
  end if;
end;
$$;
comment on function private.index_issues(uuid[]) is
  'Locks the issues and makes their rows of issue_search anew.';

create or replace function private.index_edited_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issues(array(
    select o.issue_id from old_comments as o join new_comments as n on n.id = o.id
    where (n.body, n.author_name) is distinct from (o.body, o.author_name)
  ));
  return null;
end;
$$;
comment on function private.index_edited_comments() is 'After-update-statement trigger of comments.';

create or replace function private.index_deleted_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issues(array(select o.issue_id from old_comments as o));
  return null;
end;
$$;
comment on function private.index_deleted_comments() is 'After-delete-statement trigger of comments.';

create or replace function private.forget_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set vector = ts_filter(s.vector, '{a,b,c}'), last_commenter = null, last_comment_at = s.created_at
  where s.last_commenter is not null;
  return null;
end;
$$;
comment on function private.forget_comments() is 'After-truncate trigger of comments.';

create or replace function private.take_turn_with_deletes() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.take_turn_with_deletes() is
  'Before-statement trigger: edits and deletes of comments, among themselves free, take turns with deletes '
  'of issues.';

create trigger _150_take_turn_with_deletes before update or delete on public.comments
  for each statement when (pg_trigger_depth() = 0) execute function private.take_turn_with_deletes();
create trigger _200_index_new_comments after insert on public.comments
  referencing new table as new_comments
  for each statement execute function private.index_new_comments();
create trigger _210_index_edited_comments after update on public.comments
  referencing old table as old_comments new table as new_comments
  for each statement execute function private.index_edited_comments();
create trigger _220_index_deleted_comments after delete on public.comments
  referencing old table as old_comments
  for each statement execute function private.index_deleted_comments();
create trigger _230_forget_comments after truncate on public.comments
  for each statement execute function private.forget_comments();

-- What is there already; an index is made faster than it is kept.
insert into private.issue_search (
  issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at
)
select
  i.id, v.vector, pg_column_size(v.vector), private.question_key(t.words), i.created_at, l.author_name,
  coalesce(l.created_at, i.created_at)
from public.issues as i
left join lateral (
  select c.author_name, c.created_at
  from public.comments as c
  where c.issue_id = i.id
  order by c.created_at desc, c.id desc
  limit 1
) as l on true
cross join lateral (select private.search_vector(i.title, 20000) as words) as t
cross join lateral (
  select private.issue_vector(t.words, i.tags, i.description) || coalesce(private.comments_vector(i.id), '')
    as vector
) as v;
create index issue_search_vector_idx on private.issue_search using gin (vector);

-- Finds issues by what people type.

create or replace function private.search_query(p_query text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term record;
  v_words tsquery;
  v_all tsquery := ''::tsquery;
  v_any tsquery := ''::tsquery;
begin
  for v_term in
    select t.match[1] is not null as is_excluded, t.match[2] is not null as is_quoted,
      private.unjoined_words(coalesce(t.match[2], t.match[3])) as words,
      t.place = count(*) over () as is_last
    from regexp_matches(left(p_query, 1000), '(-(?=[\w"]))?(?:"([^"]*)"?|([^\s"]+))', 'g')
      with ordinality as t (match, place)
    order by t.place
  loop
    if lower(v_term.words) = 'or' and not v_term.is_quoted and not v_term.is_excluded then
      v_any := v_any || v_all;
      v_all := ''::tsquery;
      continue;
    end if;
    v_words := phraseto_tsquery('pg_catalog.english', v_term.words);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0
      and v_term.words ~ '^(?=.*[[:alpha:]])[[:alnum:]]{3,}$'
    then
      -- Stemmed as it stands, and unfinished as it may be.
      v_words := v_words || to_tsquery('pg_catalog.simple', quote_literal(v_term.words) || ':*');
    end if;
    v_all := v_all && v_words;
  end loop;
  v_any := v_any || v_all;
  return case when numnode(v_any) > 0 then v_any end;
end;
$$;
comment on function private.search_query(text) is
  'What people type, as a query: all words, in any order; "words together"; -without; this or that; the '
  'last word as far as it is written. Null for nothing but stop words and punctuation.';

create type private.issue_filter as (
  status text[],
  segment text[],
  assigned_to text,
  assigned_to_user_id uuid,
  tags text[],
  created_from timestamptz,
  created_to timestamptz,
  include_tests boolean,
  seq_id integer,
  not_seq_id integer
);
comment on type private.issue_filter is
  'Which issues a search is for. Null filters nothing; tags are sorted; created_to is exclusive.';

-- One statement for every way to search, planned anew for each call: what is not asked for is not in the
-- plan. The planner takes a word that it knows nothing of for more common than it may be, and would read all
-- issues, newest first, until enough have it: unless that is meant, their order is hidden from it.
create or replace function private.find_issues(
  p_words tsquery, p_title text, p_filter private.issue_filter, p_reads_newest boolean, p_limit integer,
  p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, t.created_at,
      -- 1: divided by 1 + the logarithm of the length
      case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end::real
        as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- The same; each is indexed beside what is looked for.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_title is null or i.title ilike p_title)
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.segment is null or i.segment = any (p_filter.segment))
      and (p_filter.assigned_to is null or i.assigned_to = p_filter.assigned_to)
      and (p_filter.assigned_to_user_id is null or i.assigned_to_user_id = p_filter.assigned_to_user_id)
      and (p_filter.tags is null or i.tags @> p_filter.tags and i.id in (
        select g.issue_id from public.issue_tags as g where g.tag_name = p_filter.tags[1]
      ))
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.created_to is null or t.created_at < p_filter.created_to)
      and (p_filter.include_tests or not i.is_test)
      and (p_filter.seq_id is null or i.seq_id = p_filter.seq_id)
      and (p_filter.not_seq_id is null or i.seq_id <> p_filter.not_seq_id)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over () from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_issues(
  tsquery, text, private.issue_filter, boolean, integer, integer
) is
  'A page of the issues that have the words, and a title like this, best first, with how many there are, up '
  'to 2,000. A null asks for nothing.';

-- To rank each of a hundred thousand issues takes a second. So where one of fifty of the newest has the
-- words, the newest hundred thousand are read until 2,000 have them; if those don't have so many, and for
-- rarer words, the index of words finds all.
create or replace function private.find_issues_by_words(
  p_words tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 40
    from (select s.vector from private.issue_search as s order by s.created_at desc limit 2000) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := greatest(p_filter.created_from, (
      select s.created_at from private.issue_search as s order by s.created_at desc offset 100000 limit 1
    ));
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_issues(p_words, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000) then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_issues(
      p_words, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues_by_words(tsquery, private.issue_filter, integer, integer) is
  'A page of the issues that have the words, best first; of more than 2,000, the newest 2,000 are ranked.';

-- Every title takes seconds to read, and a pattern without three letters in a row finds no index.
create or replace function private.find_issues_by_title(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pattern constant text := '%' || regexp_replace(left(p_typed, 200), '([\\%_])', '\\\1', 'g') || '%';
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := greatest(p_filter.created_from, (
      select i.created_at from public.issues as i order by i.created_at desc offset 20000 limit 1
    ));
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues(null, v_pattern, p_filter, v_reads_newest, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_issues_by_title(text, private.issue_filter, integer, integer) is
  'A page of the issues whose title contains what was typed, newest first; of the newest 20,000 issues, if '
  'that has no three letters in a row.';

-- The issue of that number is the first one of the first page, and none of the rest.
create or replace function private.find_typed_issues(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.search_query(p_typed);
  v_numbered uuid;
begin
  p_filter.seq_id := substring(p_typed from '^#?(\d{1,9})$')::integer;
  if p_filter.seq_id is not null then
    select f.issue_id into v_numbered from private.find_issues(null, null, p_filter, false, 1, 0) as f;
    p_filter.not_seq_id := p_filter.seq_id;
    p_filter.seq_id := null;
  end if;
  if v_numbered is not null then
    if p_offset = 0 and p_limit > 0 then
      return query select v_numbered, 100::real;
      p_limit := p_limit - 1;
    end if;
    p_offset := greatest(p_offset - 1, 0);
  end if;
  if p_typed is null then
    return query
    select f.issue_id, f.rank
    from private.find_issues(null, null, p_filter, true, p_limit, p_offset) as f;
    return;
  end if;
  if v_words is not null then
    return query
    select f.issue_id, f.rank from private.find_issues_by_words(v_words, p_filter, p_limit, p_offset) as f;
    if found or v_numbered is not null or p_offset > 0 and exists (
      select from private.find_issues_by_words(v_words, p_filter, 1, 0)
    ) then
      return;
    end if;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_by_title(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_issues(text, private.issue_filter, integer, integer) is
  'A page of the issues that have the words that were typed; where none has them, or there are none, of '
  'those whose title contains it. Null: the newest.';

-- Words are marked in the text as it stands, so what joins them is looked for as well.
create or replace function private.issue_snippet(p_issue_id uuid, p_description text, p_words tsquery)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text text := left(p_description, 4000);
begin
  if p_words is null then
    return left(p_description, 200);
  end if;
  if to_tsvector('pg_catalog.english', private.unjoined_words(v_text)) @@ p_words is not true then
    v_text := concat_ws(' … ', v_text, (
      select string_agg(left(c.body, 1000), ' … ')
      from (
        select n.body from public.comments as n
        where n.issue_id = p_issue_id
        order by n.created_at desc, n.id desc
        limit 5
      ) as c
    ));
  end if;
  return ts_headline(
    'pg_catalog.english', v_text, p_words,
    'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
  );
end;
$$;
comment on function private.issue_snippet(uuid, text, tsquery) is
  'Where an issue''s description, or else its newest comments, have the words, marked **so**.';

create or replace function private.search_issues(
  p_query text, p_status text[], p_segment text[], p_assigned_to text, p_mine boolean, p_tags text[],
  p_created_from timestamptz, p_created_to timestamptz, p_include_tests boolean, p_limit integer,
  p_offset integer
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' set client_min_messages = warning as $$
declare
  v_typed constant text := private.presence(left(p_query, 1000));
  v_words constant tsquery := private.search_query(v_typed)
    || websearch_to_tsquery('pg_catalog.english', v_typed);
  v_filter private.issue_filter;
begin
  perform private.require_team_role('viewer');
  v_filter.status := p_status;
  v_filter.segment := p_segment;
  v_filter.assigned_to := private.presence(p_assigned_to);
  if p_mine then
    -- A server has no account, and no issues of its own.
    v_filter.assigned_to_user_id := coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
  end if;
  v_filter.tags := nullif(private.sorted_tags(p_tags), '{}');
  v_filter.created_from := p_created_from;
  v_filter.created_to := p_created_to;
  v_filter.include_tests := coalesce(p_include_tests, false);
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.submitted_by, i.assigned_to, i.tags, i.created_at,
    i.updated_at, f.rank, private.issue_snippet(i.id, i.description, v_words)
  from private.find_typed_issues(
    v_typed, v_filter, least(greatest(coalesce(p_limit, 20), 0), 100),
    least(greatest(coalesce(p_offset, 0), 0), 100000)
  ) with ordinality as f (issue_id, rank, place)
  join public.issues as i on i.id = f.issue_id
  order by f.place;
end;
$$;
comment on function private.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) is 'Body of public.search_issues.';
grant execute on function private.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) to authenticated, service_role;

create or replace function public.search_issues(
  p_query text, p_status text[] default null, p_segment text[] default null,
  p_assigned_to text default null, p_mine boolean default false, p_tags text[] default null,
  p_created_from timestamptz default null, p_created_to timestamptz default null,
  p_include_tests boolean default false, p_limit integer default 20, p_offset integer default 0
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.submitted_by, f.assigned_to, f.tags, f.created_at,
    f.updated_at, f.rank, f.snippet
  from private.search_issues(
    p_query, p_status, p_segment, p_assigned_to, p_mine, p_tags, p_created_from, p_created_to,
    p_include_tests, p_limit, p_offset
  ) as f;
end;
comment on function public.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) is
  'Finds issues by the words of title, tags, description and comments, archived ones too: all words, in any '
  'order; "words together"; -without; this or that; the last word as far as it is typed; #12 brings the '
  'issue of that number first. Where nothing has the words, titles that contain the query as typed. A blank '
  'query lists the newest. Status, segment: any of these; tags: all of these; created_to is exclusive; '
  'p_limit up to 100. Best first, equals newest first; of more than 2,000 that match, the newest 2,000 are '
  'ranked. snippet is text as people sent it, with **marks**. Viewers. Errors: not_signed_in (401), '
  'team_role_required (403).';
grant execute on function public.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) to authenticated, service_role;

-- Offers issues that say the same while somebody writes one.

-- How common a word is comes from what ANALYZE keeps about the vectors: the share of rows of each of the
-- thousand most common ones; a word that is not among them is rare. A word of every fiftieth issue tells
-- little, and of a million issues brings twenty thousand along, each to be fetched and ranked: it looks for
-- nothing where there are two rarer ones. Four words are enough to look for, and sixteen to rank by.
create or replace function private.telling_words(p_title tsvector, p_description tsvector)
returns table (word text, looks boolean, is_common boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with known as (
    select u.word, bool_or(u.is_in_title) as is_in_title, coalesce(max(c.share), 0) as share
    from (
      select t.lexeme, true from unnest(p_title) as t
      union all
      select d.lexeme, false from unnest(p_description) as d
    ) as u (word, is_in_title)
    left join (
      select e.word, e.share
      from pg_catalog.pg_stats as s
      cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs)
        as e (word, share)
      where s.schemaname = 'private' and s.tablename = 'issue_search' and s.attname = 'vector'
    ) as c on c.word = u.word
    group by u.word
  )
  select p.word, p.place <= 4 and (p.share <= 0.02 or p.place <= 2), p.share > 0.02
  from (
    select k.word, k.share,
      row_number() over (order by k.share > 0.02, not k.is_in_title, k.share, k.word) as place
    from known as k
  ) as p
  where p.place <= 16
  order by p.place;
end;
$$;
comment on function private.telling_words(tsvector, tsvector) is
  'The words of a title and a description that tell most, the best first, and whether to look for them.';

create or replace function private.words_in_common(p_words text[], p_count integer) returns tsquery
language sql immutable security invoker set search_path = '' as $$
  with recursive word as (
    select u.word, u.place from unnest(p_words) with ordinality as u (word, place)
  ),
  choice as (
    select quote_literal(w.word) as words, w.place, 1 as word_count from word as w
    union all
    select c.words || ' & ' || quote_literal(w.word), w.place, c.word_count + 1
    from choice as c
    join word as w on w.place > c.place
    where c.word_count < p_count
  )
  select string_agg(c.words, ' | ')::tsquery from choice as c where c.word_count = p_count
$$;
comment on function private.words_in_common(text[], integer) is
  'What finds issues with at least so many of the words; null where there are less.';

-- Trigrams only rank: to find by them reads most of a million titles, which takes seconds.
create or replace function private.rank_similar_issues(
  p_candidates tsquery, p_words tsquery, p_title text, p_not_ids uuid[], p_created_from timestamptz,
  p_limit integer
) returns table (issue_id uuid, similarity real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with candidate as (
    select i.id, s.created_at, ts_rank(s.vector, p_words, 1) as word_rank,
      coalesce(extensions.similarity(i.title, p_title), 0) as title_similarity
    from private.issue_search as s
    join public.issues as i on i.id = s.issue_id
    where s.vector @@ p_candidates and not i.is_test and s.issue_id <> all (p_not_ids)
      and (p_created_from is null or s.created_at >= p_created_from)
    -- Hidden from the planner, which would read all issues for a word that it takes for more common than
    -- it is.
    order by s.created_at + interval '0' desc
    limit 500
  ),
  placed as (
    select c.id, c.created_at, c.title_similarity,
      -- Reciprocal ranks, which need no common scale.
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score
    from candidate as c
  )
  select p.id, p.title_similarity from placed as p
  order by p.score desc, p.created_at desc, p.id
  limit p_limit;
end;
$$;
comment on function private.rank_similar_issues(tsquery, tsquery, text, uuid[], timestamptz, integer) is
  'Of the newest 500 candidates those that match the words and the title best.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title constant text := left(private.presence(p_title), 1000);
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words text[];
  v_looked_for text[];
  v_is_common boolean;
  v_created_from timestamptz;
  v_ids uuid[] := '{}'::uuid[];
  v_similarities real[] := '{}'::real[];
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.word) filter (where w.looks), bool_and(w.is_common)
  into v_words, v_looked_for, v_is_common
  from private.telling_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  -- Three words in common are few issues and the best ones, two some hundred; one is in thousands:
  -- in so many of the newest, if it is common, that they will do.
  for v_count in reverse 3 .. 1 loop
    exit when cardinality(v_ids) >= v_limit or v_count = 1 and v_ids <> '{}';
    if v_count = 1 and v_is_common then
      select s.created_at into v_created_from from private.issue_search as s
      order by s.created_at desc offset 5000 limit 1;
    end if;
    select v_ids || coalesce(array_agg(f.issue_id), '{}'),
      v_similarities || coalesce(array_agg(f.similarity), '{}')
    into v_ids, v_similarities
    from private.rank_similar_issues(
      private.words_in_common(case when v_count > 1 then v_looked_for else v_looked_for[:1] end, v_count),
      private.words_in_common(v_words, 1), v_title, v_ids, v_created_from,
      v_limit - cardinality(v_ids)
    ) as f;
  end loop;
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, f.similarity
  from unnest(v_ids, v_similarities) with ordinality as f (issue_id, similarity, place)
  join public.issues as i on i.id = f.issue_id
  order by f.place;
end;
$$;
comment on function private.similar_issues(text, text, integer) is 'Body of public.similar_issues.';
grant execute on function private.similar_issues(text, text, integer) to authenticated, service_role;

create or replace function public.similar_issues(
  p_title text, p_description text default '', p_limit integer default 5
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.created_at, f.similarity
  from private.similar_issues(p_title, p_description, p_limit) as f;
end;
comment on function public.similar_issues(text, text, integer) is
  'Issues that say the same as one that is being written, best first: those that have more of the most '
  'telling words of title and description, by how well they match and how much the titles are alike. '
  'similarity is that of the titles, 0 to 1. No test data; p_limit up to 50. Viewers. Errors: '
  'not_signed_in (401), team_role_required (403).';
grant execute on function public.similar_issues(text, text, integer) to authenticated, service_role;

-- Where issues come from in the community, and how fast each space's are resolved.

create view public.issues_by_space with (security_invoker = true) as
with placed as (
  -- An issue once a space, however many of its messages are from there.
  select distinct on (c.mapped_to_issue_id, coalesce(c.space_id, c.space_name))
    c.mapped_to_issue_id as issue_id, coalesce(c.space_id, c.space_name) as space_key, c.space_id,
    c.space_name
  from public.circle_issues as c
  where c.mapped_to_issue_id is not null
  order by c.mapped_to_issue_id, coalesce(c.space_id, c.space_name), c.created_at desc
)
select
  (array_agg(p.space_id order by i.created_at desc, i.id))[1] as space_id,
  (array_agg(p.space_name order by i.created_at desc, i.id))[1] as space_name,
  count(*) as issue_count,
  count(*) filter (where i.status in ('waiting_for_help', 'in_progress', 'blocked')) as open_count,
  count(i.resolved_at) as resolved_count,
  round(percentile_cont(0.5) within group (order by h.hours)::numeric, 2) as median_hours_to_resolve,
  round(percentile_cont(0.9) within group (order by h.hours)::numeric, 2) as p90_hours_to_resolve,
  max(i.created_at) as last_issue_at
from public.issues as i
left join placed as p on p.issue_id = i.id
cross join lateral (
  select case when i.resolved_at is not null
    then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
  end as hours
) as h
where not i.is_test
group by p.space_key;
comment on view public.issues_by_space is
  'One row a space of the Circle community, and one without a space for issues that came another way. An '
  'issue with messages in several spaces counts in each. No test data.';
comment on column public.issues_by_space.space_name is 'The name of the space in its latest issue.';
comment on column public.issues_by_space.resolved_count is 'Resolved ones, those archived since included.';
comment on column public.issues_by_space.median_hours_to_resolve is
  'Half of the resolved ones took no longer, in hours from creation to resolution.';
comment on column public.issues_by_space.p90_hours_to_resolve is 'Nine of ten took no longer.';

grant select on public.issues_by_space to authenticated, service_role;

-- What there is to do: every issue that is neither resolved nor archived, with its age.

create view public.open_issues with (security_invoker = true) as
select
  i.id,
  i.seq_id,
  i.title,
  i.status,
  i.segment,
  i.submitted_by,
  i.assigned_to,
  i.assigned_to_user_id,
  i.tags,
  i.ready_for_delivery,
  i.created_at,
  i.updated_at,
  now() - i.created_at as age,
  case
    when i.created_at > now() - interval '1 day' then 'under 1 day'
    when i.created_at > now() - interval '3 days' then '1 to 3 days'
    when i.created_at > now() - interval '7 days' then '3 to 7 days'
    when i.created_at > now() - interval '30 days' then '7 to 30 days'
    else 'over 30 days'
  end as age_bucket,
  coalesce(i.assigned_to_user_id = (select auth.uid()), false) as is_mine,
  (select count(*) from public.comments as c where c.issue_id = i.id) as comment_count
from public.issues as i
where i.status in ('waiting_for_help', 'in_progress', 'blocked') and not i.is_test;
comment on view public.open_issues is
  'Issues that wait for help, are in progress or blocked. No test data. Its pages by created_at, either way, '
  'read an index.';
comment on column public.open_issues.age is 'Time since it was created.';
comment on column public.open_issues.age_bucket is
  'under 1 day, 1 to 3 days, 3 to 7 days, 7 to 30 days or over 30 days.';
comment on column public.open_issues.is_mine is 'Whether it is assigned to the caller''s account.';

grant select on public.open_issues to authenticated, service_role;

-- How much open work there is, by status, segment and age.

create view public.issue_status_ages with (security_invoker = true) as
select
  i.status,
  i.segment,
  i.age_bucket,
  count(*) as issue_count,
  count(*) filter (where i.assigned_to is null) as unassigned_count,
  min(i.created_at) as oldest_created_at
from public.open_issues as i
group by i.status, i.segment, i.age_bucket;
comment on view public.issue_status_ages is
  'Counts of open_issues. A combination without issues has no row.';

grant select on public.issue_status_ages to authenticated, service_role;

-- How many issues come and go each week, and how long those that go have taken.

create view public.issue_trends with (security_invoker = true) as
-- Counted apart, so that only what was resolved is sorted.
with counted as (
  select date_trunc('week', i.created_at at time zone 'UTC')::date as week, i.segment,
    count(*) as opened_count, 0::bigint as resolved_count,
    null::double precision as median_hours, null::double precision as p90_hours
  from public.issues as i
  where not i.is_test
  group by 1, 2
  union all
  select r.week, r.segment, 0, count(*), percentile_cont(0.5) within group (order by r.hours),
    percentile_cont(0.9) within group (order by r.hours)
  from (
    select date_trunc('week', i.resolved_at at time zone 'UTC')::date as week, i.segment,
      greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0) as hours
    from public.issues as i
    where not i.is_test and i.resolved_at is not null
  ) as r
  group by 1, 2
)
select
  c.week,
  c.segment,
  sum(c.opened_count)::bigint as opened_count,
  sum(c.resolved_count)::bigint as resolved_count,
  round(max(c.median_hours)::numeric, 2) as median_hours,
  round(max(c.p90_hours)::numeric, 2) as p90_hours
from counted as c
group by c.week, c.segment;
comment on view public.issue_trends is
  'One row a week and segment in which anything was opened or resolved. An issue that was reopened counts as '
  'resolved in the week of its last resolution. No test data.';
comment on column public.issue_trends.week is 'The Monday on which the week begins, in UTC.';
comment on column public.issue_trends.median_hours is
  'Half of those resolved that week took no longer, in hours from creation; null when none was.';
comment on column public.issue_trends.p90_hours is 'Nine of ten of those resolved that week took no longer.';

grant select on public.issue_trends to authenticated, service_role;

-- What is asked again and again: issues whose titles say the same words.

create view public.repeated_questions with (security_invoker = true) as
with repeated as (
  select s.question_key from private.issue_search as s
  where s.question_key is not null
  group by s.question_key
  having count(*) > 1
)
select
  s.question_key,
  (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
  count(*) as issue_count,
  count(distinct i.submitted_by) as people_count,
  count(i.resolved_at) as resolved_count,
  min(i.created_at) as first_at,
  max(i.created_at) as last_at,
  array_agg(i.id order by i.created_at desc, i.id) as issue_ids
from repeated as r
join private.issue_search as s on s.question_key = r.question_key
join public.issues as i on i.id = s.issue_id
where not i.is_test
group by s.question_key
having count(*) > 1;
comment on view public.repeated_questions is
  'Groups of two or more issues whose titles have the same words, whatever their order, case, endings and '
  'punctuation. No test data.';
comment on column public.repeated_questions.question_key is
  'The words of the title that count, sorted, without endings; a digest of them where they are long.';
comment on column public.repeated_questions.example_title is 'The title of the newest of them.';
comment on column public.repeated_questions.people_count is 'How many names are in submitted_by.';
comment on column public.repeated_questions.resolved_count is
  'Resolved ones, those archived since included.';
comment on column public.repeated_questions.issue_ids is 'Newest first.';

grant select on public.repeated_questions to authenticated, service_role;

-- The latest comment is kept beside the issue, so that the newest page costs a page, not the table.
create or replace view public.issue_activity_log with (security_invoker = true) as
select
  i.id,
  i.title as issue_title,
  i.segment,
  i.status,
  i.assigned_to,
  i.resolved_by,
  i.resolved_at,
  coalesce(s.last_commenter, i.submitted_by) as last_commenter,
  s.last_comment_at
from public.issues as i
join private.issue_search as s on s.issue_id = i.id;
