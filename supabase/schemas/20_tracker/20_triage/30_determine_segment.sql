-- The segment of a text, by the team's rules, else by the words in it.

create or replace function private.segment_of_rules(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_rules private.segment_patterns;
  v_text text;
begin
  select * into v_rules from private.segment_patterns;
  if v_rules.patterns <> '{}' then
    -- The whole text is searched: a pattern takes some 7 ms per megabyte.
    v_text := concat_ws(' ', p_title, p_description);
    for v_number in 1..cardinality(v_rules.patterns) loop
      if v_text ~* v_rules.patterns[v_number] then
        return v_rules.segments[v_number];
      end if;
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.segment_of_rules is
  'The segment of the matching rule with the lowest priority; null where none matches.';

create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_segment constant text := private.segment_of_rules(p_title, p_description);
  v private.segment_scores;
begin
  if v_segment is not null then
    return v_segment;
  end if;
  v := private.score_segments(p_title, p_description);
  return case greatest(v.auth, v.code, v.tool, v.misc)
    when v.misc then 'misc' when v.auth then 'auth' when v.code then 'code' when v.tool then 'tool'
    else 'misc'
  end;
end;
$$;
grant execute on function private.determine_segment to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(determine_segment.p_title, determine_segment.p_description);
end;
comment on function public.determine_segment is
  'The segment of a text: that of the matching enabled segment_rule with the lowest priority, else the one '
  'that its words weigh most for. Never null.';
grant execute on function public.determine_segment to authenticated, service_role;
