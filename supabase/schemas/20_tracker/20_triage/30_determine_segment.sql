-- The segment of a text, by the enabled rules.

-- The whole text is searched: a pattern takes some 7 ms per megabyte.
create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := concat_ws(' ', p_title, p_description);
  v_rules private.segment_patterns;
begin
  select * into v_rules from private.segment_patterns;
  for v_number in 1..cardinality(v_rules.patterns) loop
    if v_text ~* v_rules.patterns[v_number] then
      return v_rules.segments[v_number];
    end if;
  end loop;
  return 'misc';
end;
$$;
grant execute on function private.determine_segment to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(determine_segment.p_title, determine_segment.p_description);
end;
comment on function public.determine_segment is
  'The segment of a text: that of the matching enabled segment_rule with the lowest priority, else '
  'misc. Never null.';
grant execute on function public.determine_segment to authenticated, service_role;
