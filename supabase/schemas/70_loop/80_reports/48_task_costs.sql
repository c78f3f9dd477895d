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

create or replace function private.last_cost(p_metadata jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when not private.is_blank(p_metadata -> 'cost_usd') then p_metadata -> 'cost_usd'
    when not private.is_blank(p_metadata -> 'total_cost_usd') then p_metadata -> 'total_cost_usd'
  end;
end;
$$;
comment on function private.last_cost is
  'cost_usd, or else total_cost_usd, of a task''s execution_metadata: what its last attempt cost, as it was '
  'stored; null without.';

create or replace function private.parse_cost_usd(p_metadata jsonb) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.parse_usd(private.last_cost(p_metadata) #>> '{}');
end;
$$;
comment on function private.parse_cost_usd is
  'What the last attempt of a task cost; null where that is not known, or cannot be read.';

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

create or replace function private.has_unread_cost(p_metadata jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_metadata ? 'unread_costs'
    or private.last_cost(p_metadata) is not null and private.parse_cost_usd(p_metadata) is null;
end;
$$;
comment on function private.has_unread_cost is
  'Whether an attempt of a task has a cost that cannot be read as a number of dollars.';

-- The next attempt writes its own cost over that of the one before, or, if it has none, leaves it there.
create or replace function private.carry_task_cost() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- A null of a client is what it has left out.
  v_metadata constant jsonb := coalesce(new.execution_metadata, old.execution_metadata);
  v_cost constant jsonb := private.last_cost(v_metadata);
  v_unread jsonb;
begin
  if private.parse_cost_usd(v_metadata) is not null then
    new.execution_metadata := v_metadata - '{cost_usd,total_cost_usd}'::text[]
      || jsonb_build_object('earlier_cost_usd', private.task_cost_usd(v_metadata));
  elsif v_cost is not null then
    v_unread := case jsonb_typeof(v_metadata -> 'unread_costs')
      when 'array' then v_metadata -> 'unread_costs' else '[]' end;
    if jsonb_array_length(v_unread) < 20 then
      v_unread := v_unread || to_jsonb(left(v_cost #>> '{}', 100));
    end if;
    new.execution_metadata := v_metadata - '{cost_usd,total_cost_usd}'::text[]
      || jsonb_build_object('unread_costs', v_unread);
  end if;
  return new;
end;
$$;
comment on function private.carry_task_cost is
  'Before-update trigger of tasks that become pending again: adds what was spent to earlier_cost_usd, and '
  'what of it cannot be read to unread_costs.';

-- Before the sizes of what is stored are counted.
create trigger _120_carry_task_cost before update of status on public.tasks
  for each row when (
    new.status = 'pending' and old.status <> 'pending'
    and coalesce(new.execution_metadata, old.execution_metadata) ?| '{cost_usd,total_cost_usd}'
  )
  execute function private.carry_task_cost();
