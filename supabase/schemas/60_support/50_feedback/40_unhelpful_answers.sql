-- Which articles and answers did not help, the most frequent first.

create or replace function private.load_unhelpful_answers()
returns table (
  kind text, id uuid, title text, unhelpful_count bigint, helpful_count bigint, last_rated_at timestamptz,
  last_message_id uuid, comments text[]
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and private.has_team_role('viewer') is not true then
    return;
  end if;
  return query
  with rated as (
    select m.id, m.source #> '{links,0}' as link, r.is_helpful, r.comment, r.updated_at
    from support.answer_ratings as r
    join support.messages as m on m.id = r.message_id
  ), source as (
    select coalesce(r.link ->> 'kind', 'none') as kind, (r.link ->> 'id')::uuid as id,
      count(*) filter (where not r.is_helpful) as unhelpful_count,
      count(*) filter (where r.is_helpful) as helpful_count, max(r.updated_at) as last_rated_at,
      (array_agg(r.id order by r.updated_at desc, r.id))[1] as last_message_id,
      (array_agg(r.comment order by r.updated_at desc, r.id)
        filter (where not r.is_helpful and r.comment is not null))[:5] as comments,
      (array_agg(r.link ->> 'title' order by r.updated_at desc, r.id))[1] as title
    from rated as r
    group by r.link ->> 'kind', r.link ->> 'id'
  )
  select s.kind, s.id, coalesce(t.title, a.question, s.title), s.unhelpful_count, s.helpful_count,
    s.last_rated_at, s.last_message_id, coalesce(s.comments, '{}')
  from source as s
  left join support.articles as t on s.kind = 'article' and t.id = s.id
  left join support.answers as a on s.kind = 'answer' and a.id = s.id
  where s.unhelpful_count > 0
  order by s.unhelpful_count desc, s.last_rated_at desc, s.id;
end;
$$;
comment on function private.load_unhelpful_answers is
  'What support.unhelpful_answers contains; nothing for callers who may not read it.';
grant execute on function private.load_unhelpful_answers to authenticated, service_role;

create view support.unhelpful_answers with (security_invoker = true) as
select * from private.load_unhelpful_answers();
comment on view support.unhelpful_answers is
  'Articles and answers whose quotations visitors rated as unhelpful, the most often first. The team.';
comment on column support.unhelpful_answers.kind is
  'article or answer; none for what the assistant said without a source.';
comment on column support.unhelpful_answers.id is 'Of the article or answer; it may be deleted meanwhile.';
comment on column support.unhelpful_answers.comments is 'The newest five comments of unhelpful ratings.';
grant select on support.unhelpful_answers to authenticated, service_role;
