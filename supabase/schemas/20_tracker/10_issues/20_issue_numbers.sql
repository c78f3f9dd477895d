-- The first trigger of an insert: gives a new issue its number, and completes an upsert with the stored
-- values.

-- PostgREST's upsert is `insert … on conflict (id) do update set <each column sent> = excluded.…`, and
-- `excluded` is the row as before-insert triggers left it. For an existing row they must not fill in a value
-- that would then overwrite the stored one, and null in a not-null column would fail before the conflict is
-- detected: so null becomes the stored value. The row is locked as the update will lock it, which keeps that
-- value current until the update runs.
create or replace function private.complete_issue_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.issues;
begin
  select * into v_old from public.issues as i where i.id = new.id for update;
  if found then
    new.seq_id := coalesce(nullif(new.seq_id, 0), v_old.seq_id);
    new.status := coalesce(new.status, v_old.status);
    new.is_test := coalesce(new.is_test, v_old.is_test);
    new.description := coalesce(new.description, v_old.description);
    new.segment := coalesce(new.segment, v_old.segment);
    new.tags := coalesce(new.tags, v_old.tags);
    new.submitted_by := coalesce(private.non_blank(new.submitted_by), v_old.submitted_by);
    new.resolved_by := coalesce(private.non_blank(new.resolved_by), v_old.resolved_by);
  elsif private.is_trusted_caller() and new.seq_id <> 0 then
    perform private.advance_sequence('public.issues_seq_id_seq', new.seq_id);
  else
    new.seq_id := nextval('public.issues_seq_id_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.complete_issue_upsert is
  'First before-insert trigger: assigns the number of a new issue; for an upsert of an existing one, '
  'replaces nulls with the stored values.';

create trigger _010_complete_issue_upsert before insert on public.issues
  for each row execute function private.complete_issue_upsert();
create trigger _050_reject_key_change before update on public.issues
  for each row when (old.id is distinct from new.id or old.seq_id is distinct from new.seq_id)
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.issues
  for each row execute function private.set_timestamps();
