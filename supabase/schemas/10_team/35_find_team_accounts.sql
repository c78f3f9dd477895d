-- What to look at before an account is added to the team: `npm run team:add` shows it.

-- A mail that was sent after the confirmation is not what confirmed the address: anybody can ask for one.
create or replace function private.find_team_accounts(p_email text, p_user_id uuid)
returns table (
  user_id uuid, email text, created_at timestamptz, confirmed_at timestamptz, confirmed_by text,
  last_sign_in_at timestamptz, role text
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.id, u.email::text, u.created_at, u.email_confirmed_at,
    case
      when u.email_confirmed_at is null then null
      when p.provider <> 'email' then p.provider
      when least(u.confirmation_sent_at, u.email_change_sent_at) <= u.email_confirmed_at then 'mail'
      else 'nobody'
    end,
    u.last_sign_in_at, m.role
  from auth.users as u
  cross join lateral (select coalesce(u.raw_app_meta_data ->> 'provider', 'email') as provider) as p
  left join public.team_members as m on m.user_id = u.id
  where u.deleted_at is null
    and (u.id = p_user_id or p_user_id is null and lower(u.email) = lower(btrim(p_email)))
  order by u.created_at;
end;
$$;
grant execute on function private.find_team_accounts to service_role;

create or replace function public.find_team_accounts(email text default null, user_id uuid default null)
returns table (
  user_id uuid, email text, created_at timestamptz, confirmed_at timestamptz, confirmed_by text,
  last_sign_in_at timestamptz, role text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.* from private.find_team_accounts(find_team_accounts.email, find_team_accounts.user_id) as f;
end;
comment on function public.find_team_accounts is
  'The accounts with an address, or the one with an id, and their role in the team. confirmed_by is how the '
  'address was confirmed: mail, the name of a provider, or nobody, which means without a mail, by the '
  'project''s settings or by an operator; null where it is not confirmed. Service role only.';
grant execute on function public.find_team_accounts to service_role;
