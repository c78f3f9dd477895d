-- Who lost a claim: another conversation claimed the issue after it had expired, or somebody else ended it.

create table private.exai_lost_claims (
  id bigint generated always as identity,
  issue_id uuid not null,
  claimed_by text not null,
  claimed_by_user_id uuid,
  lost_at timestamptz not null,
  constraint exai_lost_claims_pkey primary key (id),
  constraint exai_lost_claims_key unique nulls not distinct (issue_id, claimed_by, claimed_by_user_id),
  constraint exai_lost_claims_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_lost_claims_claimed_by_user_id_fkey foreign key (claimed_by_user_id)
    references auth.users (id) on delete cascade
);
comment on table private.exai_lost_claims is
  'The holders who lost a claim on an issue and have not claimed it again, the newest 20 of each issue.';

create index exai_lost_claims_claimed_by_user_id_idx on private.exai_lost_claims (claimed_by_user_id);

alter table private.exai_lost_claims enable row level security;

-- A holder who ends the claim has not lost it.
create or replace function private.record_lost_exai_claim() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.claimed_by is null and private.is_exai_claim_holder(old, private.exai_conversation_of(old, new)) then
    return null;
  end if;
  insert into private.exai_lost_claims as l (issue_id, claimed_by, claimed_by_user_id, lost_at)
  values (old.id, old.claimed_by, old.claimed_by_user_id, clock_timestamp())
  on conflict on constraint exai_lost_claims_key do update set lost_at = excluded.lost_at;
  delete from private.exai_lost_claims as l
  where l.issue_id = old.id and l.lost_at < (
    select n.lost_at from private.exai_lost_claims as n where n.issue_id = old.id
    order by n.lost_at desc offset 19 limit 1
  );
  return null;
end;
$$;
comment on function private.record_lost_exai_claim is
  'After trigger of exai_issues whose claim passed to another holder or ended: records who lost it.';

create trigger _130_record_lost_exai_claim after update on public.exai_issues
  for each row when (
    old.claimed_by is not null and old.claimed_at is distinct from new.claimed_at
    and (old.claimed_by, old.claimed_by_user_id) is distinct from (new.claimed_by, new.claimed_by_user_id)
  )
  execute function private.record_lost_exai_claim();

create or replace function private.has_lost_exai_claim(p_issue_id uuid, p_conversation_id text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from private.exai_lost_claims as l
    where l.issue_id = p_issue_id
      and l.claimed_by = coalesce(p_conversation_id, private.actor_name())
      and l.claimed_by_user_id is not distinct from auth.uid()
  );
end;
$$;
comment on function private.has_lost_exai_claim is
  'Whether the caller, in this conversation, lost a claim on the issue and has not claimed it again.';

create or replace function private.has_ended_exai_claim(p_old public.exai_issues, p_new public.exai_issues)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  return p_old.claimed_by is not null and p_new.claimed_by is null
    and p_old.lease_expires_at > clock_timestamp()
    and not private.is_exai_claim_holder(p_old, private.exai_conversation_of(p_old, p_new));
end;
$$;
comment on function private.has_ended_exai_claim is
  'Whether an update of an issue ended a claim of somebody else that had not expired.';

create or replace function private.describe_ended_exai_claim(
  p_old public.exai_issues, p_new public.exai_issues
) returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_ended_exai_claim(p_old, p_new) then
    return format(', ends the claim of %s', left(p_old.claimed_by, 200));
  end if;
  return '';
end;
$$;
comment on function private.describe_ended_exai_claim is
  'For the history: whose claim an update of an issue ended, if it was somebody else''s.';
