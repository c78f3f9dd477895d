-- What is done is kept for as long as its source's settings say.

create or replace function private.prune_inbox_events(p_batch integer default 100000) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source private.inbox_sources;
  v_count integer;
  v_counts jsonb := '{}'::jsonb;
begin
  for v_source in select s.* from private.inbox_sources as s loop
    -- One that is being processed again just now is left for another night. By ctid, which locked rows keep:
    -- with `id in (…)` a batch of this size is planned as a join with the whole table.
    delete from private.inbox_events as e
    where e.ctid = any (array(
      select o.ctid from private.inbox_events as o
      where o.source = v_source.source and o.status in ('processed', 'hint')
        and o.processed_at < now() - make_interval(days => v_source.retention_days)
      order by o.processed_at
      limit p_batch
      for update skip locked
    ));
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_source.source, v_count);
    delete from private.inbox_events as e
    where not v_source.is_failed_kept and e.ctid = any (array(
      select o.ctid from private.inbox_events as o
      where o.source = v_source.source and o.status in ('failed', 'unreadable', 'unrecognised')
        and o.received_at < now() - make_interval(days => v_source.retention_days)
        and o.next_attempt_at is null
      order by o.received_at
      limit p_batch
      for update skip locked
    ));
    get diagnostics v_count = row_count;
    v_counts := jsonb_set(
      v_counts, array[v_source.source], to_jsonb((v_counts ->> v_source.source)::integer + v_count)
    );
  end loop;
  return v_counts;
end;
$$;
comment on function private.prune_inbox_events is
  'Deletes events that were processed more than retention_days ago, up to p_batch of each source, the oldest '
  'first, and returns how many: {<source>: count}. What failed, could not be read or was not recognised '
  'stays for a person where the source is set so. For the scheduler.';
