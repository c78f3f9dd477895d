-- What a task cost, by its execution_metadata: all of its attempts together.

create or replace function private.parse_usd(p_text text) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := btrim(regexp_replace(p_text, '^\s*(USD|\$)|(USD|\$)\s*$', '', 'gi'));
  v_usd numeric;
begin
  -- Users write it: a number of dollars, not a number of any size.
  if v_text ~ '^[0-9]{1,6}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?$' then
    v_usd := v_text::numeric;
  end if;
  return case when v_usd < 1000000 then v_usd end;
end;
$$;
comment on function private.parse_usd is
  'A number of dollars below a million, with USD or $ or without; null for anything else.';

create or replace function private.parse_cost_usd(p_metadata jsonb) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.parse_usd(coalesce(p_metadata ->> 'cost_usd', p_metadata ->> 'total_cost_usd'));
end;
$$;
comment on function private.parse_cost_usd is
  'cost_usd, or else total_cost_usd, of a task''s execution_metadata: what its last attempt '
  'cost; null without.';

create or replace function private.task_cost_usd(p_metadata jsonb) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_earlier constant numeric := private.parse_usd(p_metadata ->> 'earlier_cost_usd');
  v_last constant numeric := private.parse_cost_usd(p_metadata);
begin
  return case when num_nonnulls(v_earlier, v_last) > 0 then coalesce(v_earlier, 0) + coalesce(v_last, 0) end;
end;
$$;
comment on function private.task_cost_usd is
  'What all attempts of a task cost, as far as they have a cost; null if none has.';

-- The next attempt writes its own cost over that of the one before, or, if it has none, leaves it there.
create or replace function private.carry_task_cost() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- A null of a client is what it has left out.
  v_metadata constant jsonb := coalesce(new.execution_metadata, old.execution_metadata);
begin
  if private.parse_cost_usd(v_metadata) is not null then
    new.execution_metadata := v_metadata - '{cost_usd,total_cost_usd}'::text[]
      || jsonb_build_object('earlier_cost_usd', private.task_cost_usd(v_metadata));
  end if;
  return new;
end;
$$;
comment on function private.carry_task_cost is
  'Before-update trigger of tasks that become pending again: adds what was spent to earlier_cost_usd.';

-- Before the sizes of what is stored are counted.
create trigger _120_carry_task_cost before update of status on public.tasks
  for each row when (
    new.status = 'pending' and old.status <> 'pending'
    and coalesce(new.execution_metadata, old.execution_metadata) ?| '{cost_usd,total_cost_usd}'
  )
  execute function private.carry_task_cost();
