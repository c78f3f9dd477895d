-- Numbers that are inserted explicitly, and the sequence that generates the next ones.

-- Nothing locks a sequence against nextval, and setval could move it back below a number that another session
-- has just been given. So the sequence advances by nextval; only across more than 1,000 numbers, which other
-- sessions won't use up between two statements, by setval.
create or replace function private.advance_sequence(p_sequence regclass, p_value bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint := coalesce(pg_sequence_last_value(p_sequence), 0);
begin
  if p_value <= v_last then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('sequence ' || p_sequence::oid, 0));
  v_last := coalesce(pg_sequence_last_value(p_sequence), 0);
  if p_value - v_last > 1000 then
    v_last := setval(p_sequence, p_value);
  end if;
  while v_last < p_value loop
    v_last := nextval(p_sequence);
  end loop;
end;
$$;
comment on function private.advance_sequence is
  'Advances a sequence to at least this value, so that nextval does not return the value again.';
