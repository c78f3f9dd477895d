-- Updates issue_search when the people of an issue's messages change: who sent them, who replied, in which
-- space.

create or replace function private.index_changed_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(u.id)
  from (
    select distinct v.id from unnest(array[old.mapped_to_issue_id, new.mapped_to_issue_id]) as v (id)
    where v.id is not null
    order by v.id
  ) as u;
  return null;
end;
$$;
comment on function private.index_changed_message is
  'After trigger of circle_issues: rebuilds the rows of the issues that a message has and had.';

-- A name that is in the row already costs one look: the import of a thread inserts its replies one by one,
-- and then writes the issue with all of them. The message is locked, so that it does not move to another
-- issue before the reply is there to be read.
create or replace function private.index_new_reply() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_name tsvector;
  v_issue_id uuid;
begin
  select s.issue_id into v_issue_id
  from public.circle_issues as c
  join private.issue_search as s on s.issue_id = c.mapped_to_issue_id
  where c.id = new.circle_issue_id
  for no key update of c;
  if not found then
    return null;
  end if;
  v_name := setweight(private.search_vector(left(new.author_name, 200), 1000), 'B');
  update private.issue_search as s
  set vector = s.vector || v_name, vector_bytes = s.vector_bytes + pg_column_size(v_name)
  where s.issue_id = v_issue_id and not s.vector @@ coalesce(
    (select string_agg(quote_literal(u.lexeme), ' & ') from unnest(v_name) as u), ''
  )::tsquery;
  return null;
end;
$$;
comment on function private.index_new_reply is
  'After-insert trigger of circle_replies: appends the author''s name to the row of the message''s issue.';

create or replace function private.index_changed_reply() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(u.id)
  from (
    select distinct c.mapped_to_issue_id as id from public.circle_issues as c
    where c.id in (old.circle_issue_id, new.circle_issue_id) and c.mapped_to_issue_id is not null
    order by 1
  ) as u;
  return null;
end;
$$;
comment on function private.index_changed_reply is
  'After trigger of circle_replies: rebuilds the rows of the issues of a reply that changed or is gone.';

-- An issue that an import is about to create has no row yet, and gets its people when it is inserted.
create trigger _310_index_new_message after insert on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.index_changed_message();
create trigger _320_index_changed_message after update on public.circle_issues
  for each row when (
    (old.mapped_to_issue_id, old.author_name, old.author_email, old.space_name)
    is distinct from (new.mapped_to_issue_id, new.author_name, new.author_email, new.space_name)
  )
  execute function private.index_changed_message();
create trigger _325_index_deleted_message after delete on public.circle_issues
  for each row when (old.mapped_to_issue_id is not null) execute function private.index_changed_message();
create trigger _300_index_new_reply after insert on public.circle_replies
  for each row when (new.author_name <> 'Unknown') execute function private.index_new_reply();
create trigger _310_index_changed_reply after update on public.circle_replies
  for each row when (
    (old.circle_issue_id, old.author_name) is distinct from (new.circle_issue_id, new.author_name)
  )
  execute function private.index_changed_reply();
create trigger _320_index_deleted_reply after delete on public.circle_replies
  for each row execute function private.index_changed_reply();
