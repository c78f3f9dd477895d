-- How often a user may have a provider asked about a token or a key: the provider sees one address for all
-- users, and would reject that address for everybody when one user tries out tokens.

create table private.token_checks (
  user_id uuid not null,
  kind text not null,
  counted_since timestamptz not null,
  checks_count integer not null,
  constraint token_checks_pkey primary key (user_id, kind),
  constraint token_checks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint token_checks_kind_is_known
    check (kind in ('github_token', 'github_connection', 'youtube_connection', 'devto_connection')),
  constraint token_checks_checks_count_is_bounded check (checks_count between 1 and 10)
);
comment on table private.token_checks is
  'How many checks of a kind of secret a user has had in the ten minutes that began with the first.';
alter table private.token_checks enable row level security;

-- The profile is locked first, as when an account is deleted.
create or replace function private.count_token_check(p_user_id uuid, p_kind text) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  perform from public.users as u where u.id = p_user_id for key share;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  insert into private.token_checks as c (user_id, kind, counted_since, checks_count)
  values (p_user_id, p_kind, v_now, 1)
  on conflict on constraint token_checks_pkey do update set
    counted_since = case
      when c.counted_since <= v_now - interval '10 minutes' then v_now else c.counted_since end,
    checks_count = case when c.counted_since <= v_now - interval '10 minutes' then 1
      else c.checks_count + 1 end
  where c.checks_count < 10 or c.counted_since <= v_now - interval '10 minutes';
  if found then
    return 0;
  end if;
  return (
    select greatest(1, ceil(extract(epoch from c.counted_since + interval '10 minutes' - v_now)))::integer
    from private.token_checks as c where c.user_id = p_user_id and c.kind = p_kind
  );
end;
$$;
grant execute on function private.count_token_check to service_role;

create or replace function public.count_token_check(user_id uuid, kind text) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.count_token_check(count_token_check.user_id, count_token_check.kind);
end;
comment on function public.count_token_check is
  'Counts a check of a secret of this kind at its provider for a user and returns 0; after ten checks in ten '
  'minutes, counts nothing and returns the seconds to wait. Service role only. Errors: '
  'agents_user_unknown (404).';
grant execute on function public.count_token_check to service_role;
