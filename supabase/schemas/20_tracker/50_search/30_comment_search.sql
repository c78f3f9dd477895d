-- Updates issue_search when comments change, once per statement: the words, how many, and who commented last.

create or replace function private.count_comments(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set comment_count = (select count(*) from public.comments as c where c.issue_id = s.issue_id)
  where s.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.count_comments is
  'Counts the comments of these issues again. Where comments are only added, they are added to the count: an '
  'issue may have thousands.';

-- Concurrent comments on one issue are serialized by its lock, so that none overwrites another's words.
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
      private.search_vector(string_agg(v.text, e'\n') filter (where v.running_bytes <= 20000), 20000)
    end as vector, count(*) as comment_count
    from (
      select n.issue_id, b.text,
        sum(octet_length(b.text) + 1) over (partition by n.issue_id order by n.id) as running_bytes
      from new_comments as n
      cross join lateral (
        select concat_ws(e'\n', nullif(left(n.author_name, 200), 'system'), n.body) as text
      ) as b
    ) as v
    group by v.issue_id
  loop
    update private.issue_search as s
    set vector = s.vector || v_added.vector,
      vector_bytes = s.vector_bytes + pg_column_size(v_added.vector),
      last_commenter = l.author_name, last_comment_at = l.created_at,
      comment_count = s.comment_count + v_added.comment_count
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
      perform private.count_comments(array[v_added.issue_id]);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.index_new_comments is
  'After-insert-statement trigger of comments: appends their words, or rebuilds the row when it is large.';

-- When an issue is deleted, its comments are deleted by cascade and the issue is not found here.
create or replace function private.index_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
    perform private.index_issue(u.id) from (select distinct unnest(p_issue_ids)) as u (id);
  end if;
end;
$$;
comment on function private.index_issues is 'Locks the issues and rebuilds their rows in issue_search.';

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
comment on function private.index_edited_comments is 'After-update-statement trigger of comments.';

create or replace function private.index_deleted_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issues(array(select o.issue_id from old_comments as o));
  perform private.count_comments(array(select distinct o.issue_id from old_comments as o));
  return null;
end;
$$;
comment on function private.index_deleted_comments is 'After-delete-statement trigger of comments.';

create or replace function private.clear_comment_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set vector = ts_filter(s.vector, '{a,b,c}'), last_commenter = null, last_comment_at = s.created_at,
    comment_count = 0
  where s.last_commenter is not null;
  return null;
end;
$$;
comment on function private.clear_comment_search is 'After-truncate trigger of comments.';

create or replace function private.share_issue_deletes_lock() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.share_issue_deletes_lock is
  'Before-statement trigger: updates and deletes of comments may run concurrently, but not with '
  'deletes of issues.';

create trigger _010_share_issue_deletes_lock before update or delete on public.comments
  for each statement when (pg_trigger_depth() = 0) execute function private.share_issue_deletes_lock();
create trigger _300_index_new_comments after insert on public.comments
  referencing new table as new_comments
  for each statement execute function private.index_new_comments();
create trigger _310_index_edited_comments after update on public.comments
  referencing old table as old_comments new table as new_comments
  for each statement execute function private.index_edited_comments();
create trigger _320_index_deleted_comments after delete on public.comments
  referencing old table as old_comments
  for each statement execute function private.index_deleted_comments();
create trigger _330_clear_comment_search after truncate on public.comments
  for each statement execute function private.clear_comment_search();
