-- Adds full text search, similar issues, the read models and touch_user_session, with the indexes of their
-- pages, and makes what search looks through of the issues that are there.

set local lock_timeout = '5s';
-- A million issues take some minutes, during which they can be read and not written.
set local statement_timeout = '30min';

create extension if not exists pg_trgm with schema extensions;

drop index public.issues_assigned_to_user_id_idx;
create index issues_assigned_to_user_id_status_idx on public.issues (assigned_to_user_id, status);
-- The pages that people open: newest first, of one status, and what is open by age.
create index issues_created_at_idx on public.issues (created_at);
create index issues_status_created_at_idx on public.issues (status, created_at);
create index issues_open_created_at_idx on public.issues (created_at)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test;


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
-- However long a text is, it must not fail a write: a tsvector ends at 1 MB, and what is made of a text has at
-- most five times its bytes. So 200,000 bytes of text go in at most: the beginnings of title, tags and
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
  constraint issue_search_pkey primary key (issue_id),
  constraint issue_search_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade
);
comment on table private.issue_search is
  'The words of an issue: title A, tags B, description C, comments D. Read by search_issues, '
  'similar_issues and the view repeated_questions.';
comment on column private.issue_search.vector_bytes is
  'The size of vector, never less than it is; over 250,000 it is made anew of the newest comments.';
comment on column private.issue_search.question_key is
  'The title''s words, sorted, each once; a digest of them where they are long. Null for none.';

create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

-- src/app.ts is found as typed, and as app.ts too, in queries as in texts.
create or replace function private.unjoined_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return translate(p_text, '/\.:_@-=&?#+~', '             ');
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

create or replace function private.issue_vector(p_title text, p_tags text[], p_description text)
returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(private.search_vector(p_title, 20000), 'A')
    || setweight(private.search_vector(array_to_string(p_tags, ' '), 10000), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector(text, text[], text) is 'The words of an issue without its comments.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.search_vector(string_agg(v.body, e'\n'), 100000)
  from (
    select b.body, sum(octet_length(b.body)) over (order by c.created_at desc, c.id desc) as running_bytes
    from public.comments as c
    cross join lateral (select left(c.body, 20000) as body) as b
    where c.issue_id = p_issue_id
  ) as v
  where v.running_bytes <= 100000;
end;
$$;
comment on function private.comments_vector(uuid) is
  'The words of an issue''s newest comments; null where it has none.';

create or replace function private.question_key(p_title text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key constant text := nullif(
    array_to_string(tsvector_to_array(private.search_vector(p_title, 20000)), ' '), ''
  );
begin
  -- An entry of an index ends at 2.7 kB.
  return case when octet_length(v_key) > 500 then md5(v_key) else v_key end;
end;
$$;
comment on function private.question_key(text) is
  'The same for titles that say the same words, in whatever order and form; null for none.';

-- Runs before other triggers could change the new issue; where one did, its row is here, and newer.
create or replace function private.index_new_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_vector constant tsvector := private.issue_vector(new.title, new.tags, new.description);
begin
  insert into private.issue_search (issue_id, vector, vector_bytes, question_key)
  values (new.id, v_vector, pg_column_size(v_vector), private.question_key(new.title))
  on conflict on constraint issue_search_pkey do nothing;
  return null;
end;
$$;
comment on function private.index_new_issue() is 'After-insert trigger of issues: makes a new one findable.';

create or replace function private.index_issue(p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue record;
  v_vector tsvector;
begin
  -- Read, not handed over: a trigger's row may have been changed since by a trigger before it.
  select i.title, i.tags, i.description into v_issue from public.issues as i where i.id = p_issue_id;
  if not found then
    return;
  end if;
  v_vector := private.issue_vector(v_issue.title, v_issue.tags, v_issue.description)
    || coalesce(private.comments_vector(p_issue_id), '');
  insert into private.issue_search as s (issue_id, vector, vector_bytes, question_key)
  values (p_issue_id, v_vector, pg_column_size(v_vector), private.question_key(v_issue.title))
  on conflict on constraint issue_search_pkey do update set
    vector = excluded.vector, vector_bytes = excluded.vector_bytes, question_key = excluded.question_key;
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
      vector_bytes = s.vector_bytes + pg_column_size(v_added.vector)
    where s.issue_id = v_added.issue_id and s.vector_bytes + pg_column_size(v_added.vector) <= 250000;
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
create or replace function private.index_changed_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  if tg_op = 'UPDATE' then
    v_issue_ids := array(
      select o.issue_id from old_comments as o join new_comments as n on n.id = o.id
      where n.body is distinct from o.body
    );
  else
    v_issue_ids := array(select o.issue_id from old_comments as o);
  end if;
  if v_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (v_issue_ids) order by i.id for no key update;
    perform private.index_issue(u.id) from (select distinct unnest(v_issue_ids)) as u (id);
  end if;
  return null;
end;
$$;
comment on function private.index_changed_comments() is
  'After-statement trigger of comments that were edited or deleted.';

create or replace function private.forget_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set vector = ts_filter(s.vector, '{a,b,c}')
  where s.vector <> ts_filter(s.vector, '{a,b,c}');
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
create trigger _210_index_changed_comments after update on public.comments
  referencing old table as old_comments new table as new_comments
  for each statement execute function private.index_changed_comments();
create trigger _220_index_changed_comments after delete on public.comments
  referencing old table as old_comments
  for each statement execute function private.index_changed_comments();
create trigger _230_forget_comments after truncate on public.comments
  for each statement execute function private.forget_comments();

-- What is there already; an index is made faster than it is kept.
insert into private.issue_search (issue_id, vector, vector_bytes, question_key)
select i.id, v.vector, pg_column_size(v.vector), private.question_key(i.title)
from public.issues as i
cross join lateral (
  select private.issue_vector(i.title, i.tags, i.description) || coalesce(private.comments_vector(i.id), '')
    as vector
) as v;
create index issue_search_vector_idx on private.issue_search using gin (vector);

-- Finds issues by what people type.

create or replace function private.search_query(p_query text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term record;
  v_words tsquery;
  v_all tsquery := '';
  v_any tsquery := '';
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
      v_all := '';
      continue;
    end if;
    v_words := phraseto_tsquery('pg_catalog.english', v_term.words);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0
      and v_term.words ~ '^[[:alnum:]]{3,}$'
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

-- One statement for every way to search, planned anew for each call: what is not asked for is not in the plan,
-- and the planner weighs how common the words are. For rare ones it reads the index of words, for common ones
-- the newest issues until 2,000 have them: those are ranked, since ranking each of a hundred thousand takes
-- seconds.
create or replace function private.find_issues(
  p_words tsquery, p_number integer, p_title text, p_status text[], p_segment text[], p_assigned_to text,
  p_assignee_id uuid, p_tags text[], p_created_from timestamptz, p_created_to timestamptz,
  p_include_tests boolean, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, i.created_at, case
      when i.seq_id = p_number then 100
      when p_words is null then 0
      -- 1: divided by 1 + the logarithm of the length
      else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1)
    end::real as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    where (p_words is null or p_number is not null or s.vector @@ p_words)
      and (p_number is null or i.id in (
        select n.id from public.issues as n where n.seq_id = p_number
        union select w.issue_id from private.issue_search as w where w.vector @@ p_words
      ))
      and (p_words is not null or p_title is null or i.title ilike p_title)
      and (p_status is null or i.status = any (p_status))
      and (p_segment is null or i.segment = any (p_segment))
      and (p_assigned_to is null or i.assigned_to = p_assigned_to)
      and (p_assignee_id is null or i.assigned_to_user_id = p_assignee_id)
      and (p_tags is null or i.tags @> p_tags and i.id in (
        select t.issue_id from public.issue_tags as t where t.tag_name = p_tags[1]
      ))
      and (p_created_from is null or i.created_at >= p_created_from)
      and (p_created_to is null or i.created_at < p_created_to)
      and (p_include_tests or not i.is_test)
    order by i.created_at desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank
  from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
  if found or p_words is null or p_title is null then
    return;
  end if;
  if p_offset = 0 or not exists (
    select from private.find_issues(
      p_words, p_number, null, p_status, p_segment, p_assigned_to, p_assignee_id, p_tags, p_created_from,
      p_created_to, p_include_tests, 1, 0
    )
  ) then
    return query select f.issue_id, f.rank from private.find_issues(
      null, null, p_title, p_status, p_segment, p_assigned_to, p_assignee_id, p_tags, p_created_from,
      p_created_to, p_include_tests, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues(
  tsquery, integer, text, text[], text[], text, uuid, text[], timestamptz, timestamptz, boolean, integer,
  integer
) is
  'A page of the issues that match all of what is given, best first; a null filters nothing. The number is '
  'an alternative to the words, and where nothing has the words, the title''s pattern counts instead.';

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
language plpgsql stable security definer set search_path = '' as $$
declare
  v_query constant text := private.presence(left(p_query, 1000));
  v_words constant tsquery := private.search_query(v_query);
begin
  perform private.require_team_role('viewer');
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.submitted_by, i.assigned_to, i.tags, i.created_at,
    i.updated_at, f.rank,
    private.issue_snippet(i.id, i.description, v_words || websearch_to_tsquery('pg_catalog.english', v_query))
  from private.find_issues(
    v_words, substring(v_query from '^#?(\d{1,9})$')::integer,
    '%' || regexp_replace(left(v_query, 200), '([\\%_])', '\\\1', 'g') || '%', p_status, p_segment,
    private.presence(p_assigned_to),
    -- A server without an account has none of its own.
    case when p_mine then coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000') end,
    nullif(private.sorted_tags(p_tags), '{}'), p_created_from, p_created_to, coalesce(p_include_tests, false),
    least(greatest(coalesce(p_limit, 20), 0), 100), least(greatest(coalesce(p_offset, 0), 0), 100000)
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
-- thousand or so most common ones; a word that is not among them is rare. A word of every fiftieth issue tells
-- little, and of a million issues brings twenty thousand along, each to be fetched and ranked: it looks for
-- nothing while there are rarer ones.
create or replace function private.telling_words(p_title tsvector, p_description tsvector)
returns table (word text, share real)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.word, coalesce(max(c.share), 0)::real
  from (
    select t.lexeme, true from unnest(p_title) as t
    union all
    select d.lexeme, false from unnest(p_description) as d
  ) as u (word, is_in_title)
  left join (
    select e.word, e.share
    from pg_catalog.pg_stats as s
    cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as e (word, share)
    where s.schemaname = 'private' and s.tablename = 'issue_search' and s.attname = 'vector'
  ) as c on c.word = u.word
  group by u.word
  order by coalesce(max(c.share), 0) > 0.02, not bool_or(u.is_in_title), coalesce(max(c.share), 0), u.word
  limit 16;
end;
$$;
comment on function private.telling_words(tsvector, tsvector) is
  'The words of a title and a description with the share of issues that have them, the most telling first.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_title constant text := left(private.presence(p_title), 1000);
  v_words text[];
  v_shares real[];
  v_any tsquery;
  v_candidates tsquery;
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.share) into v_words, v_shares
  from private.telling_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  v_any := array_to_string(array(select quote_literal(u.word) from unnest(v_words) as u (word)), ' | ')::tsquery;
  v_candidates := array_to_string(array(
    select quote_literal(u.word)
    from unnest(v_words, v_shares) with ordinality as u (word, share, place)
    where u.place = 1 or u.place <= 6 and u.share <= 0.02
  ), ' | ')::tsquery;
  return query
  with candidate as (
    select i.id, i.created_at, ts_rank(s.vector, v_any, 1) as word_rank,
      extensions.similarity(i.title, v_title) as title_similarity
    from private.issue_search as s
    join public.issues as i on i.id = s.issue_id
    where s.vector @@ v_candidates and not i.is_test
  ),
  placed as (
    select c.id, c.title_similarity,
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score,
      c.created_at
    from candidate as c
  )
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, p.title_similarity
  from placed as p
  join public.issues as i on i.id = p.id
  order by p.score desc, p.created_at desc, p.id
  limit least(greatest(coalesce(p_limit, 5), 0), 50);
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
  'Issues that say the same as one that is being written, best first: those with the most telling words of '
  'title and description, by how well they match and how much the titles are alike. similarity is that of '
  'the titles, 0 to 1. No test data; p_limit up to 50. Viewers. Errors: not_signed_in (401), '
  'team_role_required (403).';
grant execute on function public.similar_issues(text, text, integer) to authenticated, service_role;

-- Where issues come from in the community, and how fast each space's are resolved.

create view public.issues_by_space with (security_invoker = true) as
with placed as (
  -- An issue once a space, however many of its messages are from there.
  select distinct on (i.id, coalesce(c.space_id, c.space_name))
    i.id, c.space_id, c.space_name, coalesce(c.space_id, c.space_name) as space_key, i.status, i.resolved_at,
    i.created_at, greatest(extract(epoch from i.resolved_at - i.created_at) / 3600, 0) as hours
  from public.issues as i
  left join public.circle_issues as c on c.mapped_to_issue_id = i.id
  where not i.is_test
  order by i.id, coalesce(c.space_id, c.space_name), c.created_at desc
)
select
  (array_agg(p.space_id order by p.created_at desc))[1] as space_id,
  (array_agg(p.space_name order by p.created_at desc))[1] as space_name,
  count(*) as issue_count,
  count(*) filter (where p.status in ('waiting_for_help', 'in_progress', 'blocked')) as open_count,
  count(p.resolved_at) as resolved_count,
  round(percentile_cont(0.5) within group (order by p.hours)::numeric, 2) as median_hours_to_resolve,
  round(percentile_cont(0.9) within group (order by p.hours)::numeric, 2) as p90_hours_to_resolve,
  max(p.created_at) as last_issue_at
from placed as p
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
with event as (
  select i.created_at as happened_at, i.segment, true as is_opening, null::numeric as hours
  from public.issues as i
  where not i.is_test
  union all
  select i.resolved_at, i.segment, false, greatest(extract(epoch from i.resolved_at - i.created_at) / 3600, 0)
  from public.issues as i
  where not i.is_test and i.resolved_at is not null
)
select
  date_trunc('week', e.happened_at at time zone 'UTC')::date as week,
  e.segment,
  count(*) filter (where e.is_opening) as opened_count,
  count(*) filter (where not e.is_opening) as resolved_count,
  round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2) as median_hours,
  round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2) as p90_hours
from event as e
group by 1, 2;
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
