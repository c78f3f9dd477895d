-- Stores a page of a room's participants.

create or replace function private.record_circle_members(
  p_read_id bigint, p_fencing_token bigint, p_members jsonb, p_cursor jsonb
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  perform private.lock_circle_read(p_read_id, p_fencing_token);
  -- in the order of their ids, which rooms that share members lock in
  insert into private.circle_members as m (member_id, name, email)
  select distinct on (p.member_id) p.member_id::bigint, p.name, p.email
  from (
    select e.value ->> 'community_member_id' as member_id, left(e.value ->> 'name', 200) as name,
      left(lower(private.non_blank(e.value ->> 'email')), 320) as email
    from jsonb_array_elements(p_members) as e
  ) as p
  where p.member_id ~ '^[0-9]{1,18}$'
  order by p.member_id, p.email
  on conflict on constraint circle_members_pkey do update set
    name = excluded.name, email = coalesce(excluded.email, m.email), read_at = now();
  get diagnostics v_count = row_count;
  perform private.store_circle_cursor(p_read_id, p_cursor);
  return v_count;
end;
$$;
grant execute on function private.record_circle_members to service_role;

create or replace function public.record_circle_members(
  read_id bigint, fencing_token bigint, members jsonb, cursor jsonb default null
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_circle_members(
    record_circle_members.read_id, record_circle_members.fencing_token, record_circle_members.members,
    record_circle_members.cursor
  );
end;
comment on function public.record_circle_members is
  'Stores who takes part in a chat room, [{community_member_id, name, email}], and returns how many. Service '
  'role only. Errors: loop_circle_lease_expired (410).';
grant execute on function public.record_circle_members to service_role;
