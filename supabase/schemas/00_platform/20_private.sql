-- The schema behind the API: helpers, security definer bodies, trigger functions, operational tables.

create schema if not exists private;
comment on schema private is
  'Not exposed, and no API role has USAGE: reached only through wrappers, policies, defaults and triggers.';
