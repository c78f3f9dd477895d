-- Which writes renew a claim. Imports do not, nor what triggers write.

create or replace function private.renew_exai_claim_of_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant text := private.exai_conversation_of(old, new);
begin
  if private.is_exai_import() then
    return new;
  end if;
  if private.is_exai_claim_holder(old, v_conversation_id) then
    new.lease_expires_at := private.next_exai_lease(old.lease_expires_at, old.claim_minutes);
  elsif pg_trigger_depth() = 1 then
    perform private.reject_lost_exai_claim(old, v_conversation_id);
  end if;
  return new;
end;
$$;
comment on function private.renew_exai_claim_of_issue is
  'Before trigger of issues with a claim: extends it if the caller holds it, rejects those who lost it.';

create or replace function private.renew_exai_claim_of_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row constant record := coalesce(new, old);
  v_conversation_id text := private.non_blank(v_row.conversation_id);
begin
  if private.is_exai_import() then
    return v_row;
  end if;
  -- What a row had before is not the conversation that writes it, except when that sets the status.
  if tg_op = 'DELETE' then
    v_conversation_id := null;
  elsif tg_op = 'UPDATE' then
    if (new.conversation_id, new.status) is not distinct from (old.conversation_id, old.status) then
      v_conversation_id := null;
    end if;
  end if;
  perform private.renew_exai_claim(
    v_row.issue_id,
    coalesce(v_conversation_id, private.non_blank(current_setting('app.conversation_id', true))), false
  );
  return v_row;
end;
$$;
comment on function private.renew_exai_claim_of_step is
  'Before trigger of steps: extends the claim on their issue if the caller holds it. Who lost it may '
  'not write steps.';

create or replace function private.renew_exai_claim_of_update() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_exai_import() then
    perform private.renew_exai_claim(
      new.issue_id, coalesce(
        private.non_blank(new.conversation_id),
        private.non_blank(current_setting('app.conversation_id', true))
      ), true
    );
  end if;
  return new;
end;
$$;
comment on function private.renew_exai_claim_of_update is
  'Before trigger of updates: extends the claim on their issue if the caller holds it. Who lost it may '
  'still add updates.';

create or replace function private.renew_exai_claims_of_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.is_exai_import() then
    return null;
  end if;
  perform private.renew_exai_claim(
    i.id, private.non_blank(current_setting('app.conversation_id', true)), true
  )
  from public.exai_issues as i
  where i.claimed_by is not null and i.id in (
    select u.id
    from changed_edges as c cross join lateral (values (c.from_issue_id), (c.to_issue_id)) as u (id)
  )
  order by i.id;
  return null;
end;
$$;
comment on function private.renew_exai_claims_of_edges is
  'After-statement trigger of exai_issue_relations: extends the claims on both ends that the caller holds.';

-- Not where the statement writes the claim itself. Before the claim of an issue that is no longer active is
-- cleared.
create trigger _215_renew_exai_claim before update on public.exai_issues
  for each row when (
    old.claimed_by is not null
    and (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.lease_expires_at, old.claim_minutes)
    is not distinct from
    (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes)
  )
  execute function private.renew_exai_claim_of_issue();
create trigger _060_renew_exai_claim before insert or update or delete on public.exai_issue_checklist
  for each row when (pg_trigger_depth() = 0) execute function private.renew_exai_claim_of_step();
create trigger _060_renew_exai_claim before insert on public.exai_issue_updates
  for each row when (pg_trigger_depth() = 0) execute function private.renew_exai_claim_of_update();
create trigger _050_renew_exai_claims after insert on public.exai_issue_relations
  referencing new table as changed_edges
  for each statement execute function private.renew_exai_claims_of_edges();
create trigger _060_renew_exai_claims after delete on public.exai_issue_relations
  referencing old table as changed_edges
  for each statement execute function private.renew_exai_claims_of_edges();
