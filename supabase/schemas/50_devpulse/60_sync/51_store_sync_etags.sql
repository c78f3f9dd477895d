-- The ETags of a run's answers.

create or replace function private.store_sync_etags(p_connection_id uuid, p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.sync_etags as e
  where e.connection_id = p_connection_id
    and e.path = any (array(select jsonb_array_elements_text(p_payload -> 'dropped_paths')));
  insert into private.sync_etags as e (connection_id, path, etag, resource_ids, has_next)
  select p_connection_id, n.path, n.etag, n.resource_ids, n.has_next
  from jsonb_to_recordset(p_payload -> 'etags')
    as n (path text, etag text, resource_ids bigint[], has_next boolean)
  -- of a repository by itself, only if it was stored
  where n.path not like '/repositories/%' or exists (
    select from public.github_repositories as r
    where r.platform_connection_id = p_connection_id and r.github_repo_id = any (n.resource_ids)
  )
  on conflict on constraint sync_etags_pkey do update
  set etag = excluded.etag, resource_ids = excluded.resource_ids, has_next = excluded.has_next;
end;
$$;
comment on function private.store_sync_etags is
  'Stores a run''s etags, an array of {path, etag, resource_ids, has_next}, and deletes '
  'those of dropped_paths.';
