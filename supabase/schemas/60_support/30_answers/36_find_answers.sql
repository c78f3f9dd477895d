-- What the team and servers ask for: the sources of a question. Visitors get answers by support-chat only.

create or replace function private.find_answers(p_query text, p_limit integer)
returns setof private.found_answer
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select f.* from private.load_found_answers(p_query, least(greatest(coalesce(p_limit, 3), 0), 20)) as f;
end;
$$;
grant execute on function private.find_answers to authenticated, service_role;

create or replace function support.find_answers(query text, max_results integer default 3)
returns table (
  kind text, id uuid, issue_id uuid, title text, passage text, url text, language text, confidence real,
  is_answer boolean
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.kind, f.id, f.issue_id, f.title, f.passage, f.url, f.language, f.confidence, f.is_answer
  from private.find_answers(find_answers.query, find_answers.max_results) as f;
end;
comment on function support.find_answers is
  'The published articles and answers that may answer a question, best first, each with its best passage and '
  'the likelihood that it does. is_answer is true for the first one if its confidence reaches '
  'settings.answer_confidence; else the assistant has no answer. max_results is at most 20. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function support.find_answers to authenticated, service_role;
