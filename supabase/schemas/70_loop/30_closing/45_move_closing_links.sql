-- Two rows of a repository turn out to be one: what the loop has of the one is the other's.

create or replace function private.move_closing_links(p_from bigint, p_into bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v record;
begin
  for v in
    select f.id as from_id, i.id as into_id
    from public.pull_requests as f
    join public.pull_requests as i on i.repository_id = p_into and i.number = f.number
    where f.repository_id = p_from
    order by f.id
  loop
    update public.exai_issue_pull_requests as l set pull_request_id = v.into_id
    where l.pull_request_id = v.from_id and not exists (
      select from public.exai_issue_pull_requests as o
      where o.exai_issue_id = l.exai_issue_id and o.pull_request_id = v.into_id
    );
    update private.unlinked_pull_requests as l set pull_request_id = v.into_id
    where l.pull_request_id = v.from_id and not exists (
      select from private.unlinked_pull_requests as o
      where o.exai_issue_id = l.exai_issue_id and o.pull_request_id = v.into_id
    );
    update private.pull_request_words as w set pull_request_id = v.into_id
    where w.pull_request_id = v.from_id and not exists (
      select from private.pull_request_words as o where o.pull_request_id = v.into_id
    );
  end loop;
end;
$$;
comment on function private.move_closing_links is
  'Moves the links and words of pull requests that both rows of a repository have to those that stay.';

create or replace function private.move_loop_repository(p_from bigint, p_into bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.loop_repositories as r set
    repository_id = i.id, repo_owner = i.repo_owner, repo_name = i.repo_name
  from private.github_repositories as i
  where r.repository_id = p_from and i.id = p_into and not private.is_loop_repository(p_into);
  delete from public.loop_repositories as r where r.repository_id = p_from;
end;
$$;
comment on function private.move_loop_repository is
  'The repository of the loop is another row, to which its pull requests have moved.';
