-- The rules that match a text, for people who tune them.

create or replace function private.explain_triage(p_title text, p_body text)
returns table (words text, segment text, weight double precision, priority smallint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.words, r.segment, r.weight, r.priority
  from private.find_segment_rules(p_title, p_body) as r
  order by r.priority, r.weight desc, r.words collate "C";
end;
$$;
grant execute on function private.explain_triage to authenticated, service_role;

create or replace function public.explain_triage(title text, body text)
returns table (words text, segment text, weight double precision, priority smallint)
language sql stable security invoker set search_path = ''
begin atomic
  select e.words, e.segment, e.weight, e.priority
  from private.explain_triage(explain_triage.title, explain_triage.body) as e;
end;
comment on function public.explain_triage is
  'The rules that match a text, by priority. The likelihood that the text is an issue is 1 minus the product '
  'of (1 - weight) over them. Searches the first 1,000 characters of the title and the first 10,000 of the '
  'body. Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.explain_triage to authenticated, service_role;
