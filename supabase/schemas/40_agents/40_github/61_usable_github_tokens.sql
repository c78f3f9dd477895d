-- The GitHub tokens that the sweep may ask with.

create view private.usable_github_tokens with (security_invoker = true) as
select s.id, s.user_id, s.sealed
from private.secrets as s
where s.kind = 'github_token' and s.invalid_at is null
  and (s.rests_until is null or s.rests_until <= now()) and private.is_person_account(s.user_id);
comment on view private.usable_github_tokens is
  'The tokens that GitHub accepts and that no rate limit rests, of accounts that are not '
  'anonymous, banned or deleted.';
