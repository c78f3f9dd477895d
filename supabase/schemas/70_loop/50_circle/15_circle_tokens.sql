-- The access token with which the bot reads and writes in Circle: minted by an edge function, which encrypts
-- it, for an hour, with a refresh token for a month.

create table private.circle_tokens (
  is_bot boolean not null default true,
  id uuid,
  sealed text,
  bot text,
  member_id bigint,
  access_expires_at timestamptz,
  refresh_expires_at timestamptz,
  rejected_at timestamptz,
  lease_expires_at timestamptz,
  fencing_token bigint not null default 0,
  failures_count integer not null default 0,
  next_attempt_at timestamptz,
  error text,
  constraint circle_tokens_pkey primary key (is_bot),
  constraint circle_tokens_is_one_row check (is_bot),
  constraint circle_tokens_has_all_of_a_token_or_none check (
    (id is null) = (sealed is null) and (id is null) = (bot is null)
    and (id is null) = (access_expires_at is null)
  ),
  constraint circle_tokens_failures_count_is_not_negative check (failures_count >= 0)
);
comment on table private.circle_tokens is
  'Exactly one row: the bot''s tokens, sealed, and who makes others in their place. What cannot be opened '
  'any more, because the master key is gone, is minted again.';
comment on column private.circle_tokens.id is
  'Set by the function that sealed the tokens, another one for each pair: what they are bound to.';
comment on column private.circle_tokens.sealed is
  'The access token and the refresh token, as one JSON object.';
comment on column private.circle_tokens.bot is
  'The settings'' bot_member_id or bot_email that it was minted for.';
comment on column private.circle_tokens.member_id is 'The bot''s community_member_id, as Circle reports it.';
comment on column private.circle_tokens.rejected_at is
  'When Circle rejected the access token before its time.';
comment on column private.circle_tokens.lease_expires_at is 'While somebody makes another one.';
comment on column private.circle_tokens.next_attempt_at is 'After failures: not before then.';
comment on column private.circle_tokens.error is 'Why the last attempt failed.';
alter table private.circle_tokens enable row level security;

create trigger _010_reject_unsealed_secret before update on private.circle_tokens
  for each row when (new.sealed is not null and old.sealed is distinct from new.sealed)
  execute function private.reject_unsealed_secret();

insert into private.circle_tokens default values;

create or replace function private.circle_bot() returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(s.bot_member_id::text, lower(s.bot_email)) from public.circle_sync_settings as s
  );
end;
$$;
comment on function private.circle_bot is 'Who the bot is, by id or e-mail address; null for nobody.';

create or replace function private.circle_bot_member_id() returns bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (select s.bot_member_id from public.circle_sync_settings as s),
    (select t.member_id from private.circle_tokens as t where t.bot = private.circle_bot())
  );
end;
$$;
comment on function private.circle_bot_member_id is
  'The bot''s community_member_id; null before its first token.';
