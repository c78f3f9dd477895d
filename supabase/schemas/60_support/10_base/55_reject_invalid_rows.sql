-- Rows with a visitor's contact that a constraint would refuse are refused before: PostgreSQL's log has the
-- whole row that violates a constraint.

create or replace function private.reject_row() returns trigger
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'support_row_invalid', detail = tg_argv[0], hint = tg_argv[1];
end;
$$;
comment on function private.reject_row is
  'Before trigger, with a detail and a hint: its condition is what makes a row invalid. Errors: '
  'support_row_invalid (422).';

create trigger _090_reject_invalid before insert or update on support.escalations
  for each row when (
    new.issue_type is null or new.original_request is null or not isfinite(new.created_at)
    or octet_length(new.original_request) > 65536 or pg_column_size(new.contact_info) > 16384
    or octet_length(new.conversation_context) > 4194304 or octet_length(new.resolution_note) > 65536
  )
  execute function private.reject_row(
    'A text is missing or too long, or created_at is not finite.',
    'Send issue_type and original_request; texts have up to 64 kB, contact_info 16 kB, the context 4 MB.'
  );
create trigger _090_reject_invalid before insert or update on support.conversations
  for each row when (btrim(new.session_id) = '' or not isfinite(new.created_at))
  execute function private.reject_row(
    'session_id is blank, or created_at is not finite.', 'Leave them out: the database sets them.'
  );
create trigger _090_reject_invalid before insert or update on support.users
  for each row when (not isfinite(new.created_at))
  execute function private.reject_row('created_at is not finite.', 'Leave it out: the database sets it.');
