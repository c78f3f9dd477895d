-- What policies ask in each statement costs a tenth: plans are kept instead of made anew.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- Ranks make "at least an agent" one comparison; an unknown role has no rank and passes nothing. Policies
-- ask this in each statement, so it is plpgsql: a function of language sql is planned anew each time.
create or replace function private.team_role_rank(p_role text) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['viewer', 'agent', 'admin'], p_role);
end;
$$;

create or replace function private.team_role() returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select m.role from public.team_members as m where m.user_id = auth.uid());
end;
$$;

create or replace function private.has_team_role(minimum text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(private.team_role_rank(private.team_role()) >= private.team_role_rank(minimum), false);
end;
$$;
