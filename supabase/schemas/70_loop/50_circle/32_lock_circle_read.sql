-- Whether a run still has its lease, before anything that it read is stored.

create or replace function private.lock_circle_read(p_read_id bigint, p_fencing_token bigint)
returns private.circle_reads
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read private.circle_reads;
begin
  select * into v_read from private.circle_reads as r
  where r.id = p_read_id and r.fencing_token = p_fencing_token and r.lease_expires_at > clock_timestamp()
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT410', message = 'loop_circle_lease_expired',
      detail = format('The lease of read %s has ended, or another run has it.', p_read_id),
      hint = 'Stop: another run goes on where this one was.';
  end if;
  if v_read.lease_expires_at < clock_timestamp() + interval '2 minutes' then
    update private.circle_reads as r set
      lease_expires_at = clock_timestamp() + interval '3 minutes',
      next_read_at = greatest(r.next_read_at, clock_timestamp() + interval '3 minutes')
    where r.id = p_read_id
    returning * into v_read;
  end if;
  return v_read;
end;
$$;
comment on function private.lock_circle_read is
  'Locks a read and renews its lease. Errors: loop_circle_lease_expired (410).';

create or replace function private.store_circle_cursor(p_read_id bigint, p_cursor jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.circle_reads as r set cursor = p_cursor
  where r.id = p_read_id and jsonb_typeof(p_cursor) = 'object' and r.cursor <> p_cursor;
end;
$$;
comment on function private.store_circle_cursor is
  'Stores where the next run goes on; null keeps the present one.';
