-- What people decided about messages, next to what triage had predicted: for its reliability, and to learn
-- from.

create table private.triage_decisions (
  circle_issue_id uuid not null,
  is_issue boolean not null,
  likelihood double precision not null,
  decided_at timestamptz not null default clock_timestamp(),
  constraint triage_decisions_pkey primary key (circle_issue_id),
  constraint triage_decisions_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint triage_decisions_likelihood_is_a_share check (likelihood between 0 and 1)
);
comment on table private.triage_decisions is
  'The last decision of a person about a message, one row per message: made an issue or dismissed, or '
  'returned after triage had made it an issue. Written by a trigger of circle_issues.';
comment on column private.triage_decisions.likelihood is
  'How likely an issue its words made it when the person decided.';

create index triage_decisions_decided_at_idx on private.triage_decisions (decided_at);
alter table private.triage_decisions enable row level security;

-- Returning what triage made an issue means that it isn't one; returning a person's decision takes it back.
create or replace function private.record_triage_decision() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not new.is_triaged and (old.mapped_to_issue_id is null or old.triaged_by is not null) then
    delete from private.triage_decisions as d where d.circle_issue_id = new.id;
    return null;
  end if;
  insert into private.triage_decisions as d (circle_issue_id, is_issue, likelihood)
  values (new.id, new.mapped_to_issue_id is not null, private.issue_likelihood(new.title, new.body))
  on conflict on constraint triage_decisions_pkey do update set
    is_issue = excluded.is_issue, likelihood = excluded.likelihood, decided_at = excluded.decided_at
  where d.is_issue is distinct from excluded.is_issue;
  return null;
end;
$$;
comment on function private.record_triage_decision is
  'After trigger of circle_issues, the only writer of triage_decisions.';

create trigger _110_record_triage_decision after update on public.circle_issues
  for each row when (new.triaged_by is not null and old.triaged_at is distinct from new.triaged_at)
  execute function private.record_triage_decision();
