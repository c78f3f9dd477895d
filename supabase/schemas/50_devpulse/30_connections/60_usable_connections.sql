-- The connections that may be synced.

create view private.usable_connections with (security_invoker = true) as
select c.id, c.user_id, c.platform, c.platform_user_id, c.platform_username, s.id as secret_id, s.sealed,
  c.token_expires_at
from public.platform_connections as c
join private.secrets as s on s.user_id = c.user_id and s.kind = c.platform || '_connection'
where c.is_active and c.status = 'connected' and c.access_token = 'secret:' || s.id
  and private.is_person_account(c.user_id);
comment on view private.usable_connections is
  'Active connections with a token that the provider accepts, of accounts that are not anonymous, banned or '
  'deleted, with the sealed token.';
